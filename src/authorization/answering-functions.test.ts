import type { Express, Request, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import {
  all,
  allowFields,
  any,
  authorize,
  claim,
  not,
  owner,
  ownParam,
  policy,
  requireOwnership,
  role,
  when,
} from "./index.js";

const object = { userId: "alice" };

/** Guards with a function of the app that answers the request by itself, and then says yes. */
const GUARDS: readonly [
  what: string,
  make: (answer: () => void, mode: "enforce" | "report") => RequestHandler,
][] = [
  [
    "when",
    (answer, mode) =>
      authorize(
        when("x", () => {
          answer();
          return true;
        }),
        { mode },
      ),
  ],
  [
    "a promise of when",
    (answer, mode) =>
      authorize(
        when("x", async () => {
          answer();
          return true;
        }),
        { mode },
      ),
  ],
  [
    "claim, within other rules",
    (answer, mode) =>
      authorize(
        any(
          role("x"),
          all(
            not(role("x")),
            claim("a", () => {
              answer();
              return true;
            }),
          ),
        ),
        { mode },
      ),
  ],
  [
    "load",
    (answer, mode) =>
      requireOwnership({
        load: () => {
          answer();
          return object;
        },
        owner: "userId",
        mode,
      }) as RequestHandler,
  ],
  [
    "owner",
    (answer, mode) =>
      authorize(
        owner(() => {
          answer();
          return "alice";
        }),
        { load: () => object, mode },
      ) as RequestHandler,
  ],
  [
    "the question to an engine",
    (answer, mode) =>
      authorize(
        policy({ name: "engine", decide: () => ({ allow: true }) }, () => {
          answer();
          return { resource: { type: "x" } };
        }),
        { mode },
      ),
  ],
  [
    "an engine",
    (answer, mode) =>
      authorize(
        policy(
          {
            name: "engine",
            decide: () => {
              answer();
              return { allow: true };
            },
          },
          () => ({ resource: { type: "x" } }),
        ),
        { mode },
      ),
  ],
  [
    "fields",
    (answer, mode) =>
      allowFields({
        read: () => {
          answer();
          return ["a"];
        },
        mode,
      }),
  ],
  [
    "orElse",
    (answer, mode) =>
      ownParam("id", {
        orElse: when("x", () => {
          answer();
          return true;
        }),
        mode,
      }),
  ],
];

describe.each(expressVersions)("a function that answers by itself on Express %s", (_v, express) => {
  const handler = vi.fn();
  let decisions: readonly Decision[] = [];

  function appOf(
    make: (typeof GUARDS)[number][1],
    mode: "enforce" | "report",
    write = (req: Request): void => void req.res?.status(418).end("no"),
  ): Express {
    handler.mockClear();
    let current: Request;
    const app = express();
    app.use((req, _res, next) => {
      current = req;
      decisions = decisionsOf(req);
      setPrincipalSource(req, createPrincipal({ subject: "alice" }));
      next();
    });
    app.get(
      "/:id",
      make(() => write(current), mode),
      (_req, res) => {
        handler();
        if (!res.headersSent) res.end("reached");
      },
    );
    return app;
  }

  it.each(GUARDS)("lets no handler run, whatever it says then: %s", async (_what, make) => {
    await request(appOf(make, "enforce")).get("/x").expect(418, "no");
    expect(handler).not.toHaveBeenCalled();
    expect(decisions).toMatchObject([{ outcome: "error", enforced: true, reason: "client_left" }]);
  });

  it.each(GUARDS)("does so over HTTP/2: %s", async (_what, make) => {
    const server = http2Server(appOf(make, "enforce"));
    const answer = await http2Request(server, { ":path": "/x" });
    server.close();
    expect(answer).toMatchObject({ status: 418, body: "no" });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each(GUARDS)("changes nothing for the handlers in report mode: %s", async (_what, make) => {
    await request(appOf(make, "report")).get("/x").expect(418, "no");
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("lets handlers run when it leaves the answer alone", async () => {
    for (const [, make] of GUARDS)
      await request(appOf(make, "enforce", () => undefined))
        .get("/x")
        .expect(200, "reached");
  });
});
