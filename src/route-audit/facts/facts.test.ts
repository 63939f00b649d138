import { describe, expect, it } from "vitest";
import { guard, route } from "../../../test/support/route-reports.js";
import type { Requirement } from "../../core/guard/guard-details.js";
import { limitInWords } from "./limit-words.js";
import { requirementInWords, scopeAlternatives } from "./requirement.js";
import { factsOf, hasObjectRule } from "./route-facts.js";

describe("the words of a requirement", () => {
  it.each<[Requirement, string]>([
    [{ type: "role", names: ["admin"], match: "any" }, "the role admin"],
    [{ type: "role", names: ["admin", "editor"], match: "any" }, "one of the roles admin, editor"],
    [{ type: "scope", names: ["a", "b"], match: "all" }, "all of the scopes a, b"],
    [{ type: "scope", names: ["a", "b"], match: "any" }, "one of the scopes a, b"],
    [{ type: "permission", names: ["orders:read"], match: "all" }, "the permission orders:read"],
    [
      {
        type: "any",
        of: [
          { type: "role", names: ["admin"], match: "any" },
          {
            type: "all",
            of: [
              { type: "scope", names: ["a"], match: "all" },
              { type: "object", rule: "owner(customer)" },
            ],
          },
        ],
      },
      "the role admin or (the scope a and owner(customer))",
    ],
    [
      { type: "not", of: { type: "role", names: ["suspended"], match: "any" } },
      "not (the role suspended)",
    ],
    [{ type: "other", rule: "authenticated()" }, "authenticated()"],
  ])("%j are for people", (requirement, words) => {
    expect(requirementInWords(requirement)).toBe(words);
  });
});

describe("the scopes that a route needs", () => {
  const scope = (match: "all" | "any", ...names: string[]): Requirement => ({
    type: "scope",
    names,
    match,
  });
  const role: Requirement = { type: "role", names: ["r"], match: "any" };

  it.each<[string, readonly Requirement[], readonly (readonly string[])[]]>([
    ["of no requirement", [], [[]]],
    ["of all", [scope("all", "a", "b")], [["a", "b"]]],
    ["of any", [scope("any", "a", "b")], [["a"], ["b"]]],
    ["of two guards", [scope("all", "a"), scope("any", "b", "a")], [["a", "b"], ["a"]]],
    ["of a role beside a scope", [{ type: "all", of: [role, scope("all", "a")] }], [["a"]]],
    ["of a role or a scope", [{ type: "any", of: [role, scope("all", "a")] }], [[], ["a"]]],
    ["of what must not be", [{ type: "not", of: scope("all", "a") }], [[]]],
    [
      "of far too many alternatives",
      Array.from({ length: 8 }, (_, index) => scope("any", `a${index}`, `b${index}`)),
      [[]],
    ],
  ])("are alternatives: %s", (_what, requirements, alternatives) => {
    expect(scopeAlternatives(requirements)).toEqual(alternatives);
  });
});

describe("the facts of a route", () => {
  it("take the parts of a preset one by one, and nothing from guards that only report", () => {
    const parts = [
      guard("oauthGuard", "authentication"),
      guard("rateLimit", "limit", { mode: "report" }),
      guard("rateLimit", "limit", { details: { limits: [], headers: [] } }),
    ];
    const facts = factsOf(route("GET", "/", { guards: [guard("secureApi", "preset", { parts })] }));
    expect(facts.authentication).toEqual([{ guard: "oauthGuard", optional: false }]);
    expect(facts.answers.map(({ status }) => status)).toEqual([400, 401, 503]);
    expect(facts.unknown).toEqual([]);
    expect(facts.reporting.map(({ guard: name }) => name)).toEqual(["rateLimit"]);
  });

  it.each([
    ["GET", "/orders", ["everywhere", "orders", "get"]],
    ["HEAD", "/Orders/", ["everywhere", "orders", "get"]],
    ["POST", "/orders", ["everywhere", "orders"]],
    ["GET", "/orders/:id", ["everywhere", "orders", "mine"]],
    ["GET", "/orders/:id/items", ["everywhere", "orders"]],
    ["GET", "/health", ["everywhere"]],
    ["GET", "/:kind/mine", ["everywhere", "orders", "mine"]],
    ["*", "/orders", ["everywhere", "orders", "get"]],
    ["GET", "/:kind(\\w+)", ["everywhere", "orders", "get", "mine"]],
  ])("have no limits of other routes: %s %s", (method, path, names) => {
    const limit = (name: string, ...on: string[]) => ({
      ...{ name, limit: 1, windowSeconds: 1, by: "address" as const },
      ...(on.length > 0 && { on }),
    });
    const limits = [
      limit("everywhere"),
      limit("orders", "POST /logins", "/orders/*"),
      limit("get", "GET /orders"),
      limit("mine", "/orders/mine"),
    ];
    const guards = [guard("rateLimit", "limit", { details: { limits, headers: ["RateLimit"] } })];
    const facts = factsOf(route(method, path, { guards }));
    expect(facts.limits.map(({ name }) => name)).toEqual(names);
    const others = [guard("rateLimit", "limit", { details: { limits: [limit("x", "/y/:z")] } })];
    expect(factsOf(route("GET", "/y", { guards: others }))).toMatchObject({
      limits: [],
      limitHeaders: [],
      answers: [],
      unknown: [],
    });
  });

  it("leave the words of a guard as they are, whatever they look like", () => {
    const own = guard("authorize", "authorization", { rule: "any(role(a), owner(b))" });
    expect(factsOf(route("GET", "/:id", { guards: [own] })).requirements).toEqual([
      { type: "other", rule: "any(role(a), owner(b))" },
    ]);
  });

  it("prefer what a guard says as data to its words", () => {
    const requirement: Requirement = { type: "object", rule: "the customer" };
    const own = guard("authorize", "authorization", { rule: "role(a)", details: { requirement } });
    expect(factsOf(route("GET", "/:id", { guards: [own] })).requirements).toEqual([requirement]);
    expect(hasObjectRule(route("GET", "/:id", { guards: [own] }))).toBe(true);
  });

  it("give the status that validation answers with", () => {
    const details = { schemas: { body: true }, contentTypes: ["application/json"], status: 400 };
    const facts = factsOf(
      route("POST", "/", { guards: [guard("validate", "validation", { details })] }),
    );
    expect(facts.answers).toEqual([
      { status: 400, codes: ["bad_request", "validation_failed"] },
      { status: 415, codes: ["unsupported_media_type"] },
      { status: 503, codes: ["check_unavailable"] },
    ]);
  });
});

describe("a limit in words", () => {
  it.each([
    [1, "100 per second for each address"],
    [90, "100 per 90 seconds for each address"],
    [900, "100 per 15 minutes for each address"],
    [86_400, "100 per day for each address"],
    [0.5, "100 per 0.5 seconds for each address"],
  ])("of %s seconds", (windowSeconds, words) => {
    expect(limitInWords({ name: "x", limit: 100, windowSeconds, by: "address" })).toBe(words);
  });

  it("know what runs at the same time, and what lets nothing pass", () => {
    const one = { name: "x", windowSeconds: 0, by: "principal" } as const;
    expect(limitInWords({ ...one, limit: 20 })).toBe("20 at a time for each caller");
    expect(limitInWords({ ...one, limit: 0, on: ["/beta/*"] })).toBe("none, on /beta/*");
  });

  it("says where it counts, and whom", () => {
    const limit = {
      name: "x",
      limit: 1,
      windowSeconds: 60,
      by: "principal",
      on: ["POST /login"],
    } as const;
    expect(limitInWords(limit)).toBe("1 per minute for each caller, on POST /login");
  });
});
