import { describe, expect, it } from "vitest";
import { guard, reportOf, route } from "../../../test/support/route-reports.js";
import type { Requirement } from "../../core/guard/guard-details.js";
import { findingsOf } from "./findings-of.js";

const bearer = guard("oauthGuard", "authentication");

describe("the findings of a report", () => {
  it("are errors for what nothing guards, and none for what is meant to be public", () => {
    const report = reportOf(
      [
        route("GET", "/open"),
        route("GET", "/what", { status: "unresolved", reason: "why" }),
        route("GET", "/public", { status: "public" }),
        route("GET", "/guarded", { status: "guarded", guards: [bearer] }),
      ],
      {
        handlers: [
          { name: "files", paths: ["/a", "/b"], status: "open", guards: [] },
          { name: "proxy", paths: ["/c"], status: "guarded", guards: [bearer] },
        ],
        unused: [{ guard: "secureApi", pattern: "GET /gone" }],
      },
    );
    expect(findingsOf(report).map(({ level, rule, path }) => `${level} ${rule} ${path}`)).toEqual([
      "error open-route /open",
      "error unresolved-route /what",
      "error open-handler /a",
      "error open-handler /b",
      "error unused-pattern GET /gone",
    ]);
  });

  it.each([
    ["/orders/:id", true],
    ["/users/:userId/posts", true],
    ["/users/:user_id", true],
    ["/files/:uuid", true],
    ["/posts/:slug", true],
    ["/orders{/:id}", true],
    ["/orders/:id(\\d+)", true],
    ["/orders", false],
    ["/search/:term", false],
    ["/valid/:grid", false],
  ])("tell whether %s takes the id of an object: %s", (path, expected) => {
    const one = route("GET", path, { status: "guarded", guards: [bearer] });
    expect(findingsOf(reportOf([one])).map(({ rule }) => rule)).toEqual(
      expected ? ["object-rule-missing"] : [],
    );
  });

  const about: Requirement = { type: "object", rule: "owner(customer)" };
  const role: Requirement = { type: "role", names: ["admin"], match: "any" };
  it.each<Requirement>([
    about,
    { type: "any", of: [role, about] },
    { type: "all", of: [role, { type: "not", of: about }] },
  ])("take %j for a rule about the object", (requirement) => {
    const guards = [bearer, guard("authorize", "authorization", { details: { requirement } })];
    const one = route("GET", "/orders/:id", { status: "guarded", guards });
    expect(findingsOf(reportOf([one]))).toEqual([]);
  });

  it("warn of handlers that may answer before a guard", () => {
    const one = route("GET", "/", {
      status: "guarded",
      guards: [bearer],
      unknownBeforeGuard: ["load", "log"],
    });
    expect(findingsOf(reportOf([one]))).toEqual([
      {
        rule: "answers-before-guard",
        level: "warning",
        message: "load, log may answer GET / before a guard of the route does.",
        method: "GET",
        path: "/",
        label: "GET /",
      },
    ]);
  });
});
