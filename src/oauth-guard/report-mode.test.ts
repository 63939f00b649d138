import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { pendingVerdicts } from "../core/decision/pending-verdict.js";
import { createGuard } from "../core/guard/guard.js";
import { getPrincipal } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import { createTestIssuer, type TestIssuer } from "../testing/index.js";
import { getAuth, type OauthGuard, oauthGuard } from "./index.js";

let server: Server;
let issuer: TestIssuer;
/** Lets the issuer answer; it hangs until then. */
let release: () => void;
let guard: OauthGuard;
let seen: { decisions: readonly Decision[]; auth: unknown; subject: string | undefined }[];

beforeEach(async () => {
  seen = [];
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  server = createServer((_req, res) => {
    void released.then(() => res.end(JSON.stringify(issuer.jwks)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  issuer = createTestIssuer({ issuer: url });
  guard = oauthGuard({
    issuer: url,
    audience: issuer.audience,
    jwksUri: `${url}/keys`,
    keys: { timeout: "3s" },
    mode: "report",
  });
});

afterEach(async () => {
  release();
  await guard.close();
  server.closeAllConnections();
  server.close();
});

/** Demands the subject, as `requireRole` demands a role. */
function requireSubject(subject: string, mode: "enforce" | "report"): RequestHandler {
  const own = createGuard("requireSubject", "authorization", { mode, onDenied: "respond" });
  return own.middleware((req, res, next) => {
    if (getPrincipal(req)?.subject !== subject) {
      own.refuse(new HttpError("access_denied"), req, res, next);
      return;
    }
    own.allow(req);
    next();
  });
}

/** Refuses everything, as a reporting `validate` may. */
function validateNothing(): RequestHandler {
  const own = createGuard("validate", "validation", { mode: "report", onDenied: "respond" });
  return own.middleware((req, res, next) =>
    own.refuse(new HttpError("validation_failed"), req, res, next),
  );
}

function bearer(claims?: object, overrides?: object): [string, string] {
  return ["Authorization", `Bearer ${issuer.mint(claims as never, overrides)}`];
}

function shortly(decision: Decision): string {
  const order = decision.first ? " first" : decision.follows ? ` after ${decision.follows}` : "";
  return `${decision.guard} ${decision.outcome} ${decision.reason ?? decision.code}${order}`;
}

describe.each(expressVersions)(
  "report mode waits for nothing, on Express %s",
  (_major, express) => {
    function appWith(...handlers: readonly RequestHandler[]): Express {
      const app = express();
      app.use(guard, ...handlers);
      app.get("/", (req, res) => {
        const auth = getAuth(req);
        res.json({ known: auth !== null });
        const verdicts = pendingVerdicts(req) ?? Promise.resolve();
        void verdicts.then(() =>
          seen.push({
            decisions: decisionsOf(req),
            auth: getAuth(req),
            subject: getPrincipal(req)?.subject,
          }),
        );
      });
      return app;
    }

    async function verdicts(): Promise<string[]> {
      await expect.poll(() => seen.length).toBe(1);
      return seen[0]?.decisions.map(shortly) ?? [];
    }

    it("answers at once while the issuer hangs, and records the verdict when it is known", async () => {
      const app = appWith();
      const answers = await Promise.all(
        Array.from({ length: 30 }, () =>
          request(app)
            .get("/")
            .set(...bearer()),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
      expect(answers[0]?.body).toEqual({ known: false });
      // It hangs still.
      expect(seen).toEqual([]);
      release();
      await expect.poll(() => seen.length).toBe(30);
      for (const { decisions, subject, auth } of seen) {
        expect(decisions.map(shortly)).toEqual(["oauthGuard allow ok"]);
        expect([subject, auth]).toEqual([
          "test-user",
          expect.objectContaining({ scheme: "Bearer" }),
        ]);
      }
    });

    it("records a refusal and an outage that become known later", async () => {
      await request(appWith())
        .get("/")
        .set(...bearer({}, { forged: true }))
        .expect(200);
      release();
      expect(await verdicts()).toEqual(["oauthGuard deny bad_signature first"]);
      expect(seen[0]?.auth).toBeNull();
    });

    it("records the outage of an issuer that never answers", async () => {
      await request(appWith())
        .get("/")
        .set(...bearer())
        .expect(200);
      await guard.close();
      expect(await verdicts()).toEqual(["oauthGuard error guard_closed first"]);
    });

    it("later reporting guards make no false refusals: they continue from the verdict", async () => {
      const app = appWith(requireSubject("test-user", "report"), requireSubject("root", "report"));
      await request(app)
        .get("/")
        .set(...bearer())
        .expect(200);
      release();
      expect(await verdicts()).toEqual([
        "oauthGuard allow ok",
        "requireSubject allow ok",
        "requireSubject deny access_denied first",
      ]);
    });

    it("keeps the order of the guards in what is the first refusal", async () => {
      const app = appWith(validateNothing(), requireSubject("root", "report"));
      await request(app)
        .get("/")
        .set(...bearer({}, { forged: true }))
        .expect(200);
      release();
      expect(await verdicts()).toEqual([
        "oauthGuard deny bad_signature first",
        "validate deny validation_failed after oauthGuard",
        "requireSubject deny access_denied after oauthGuard",
      ]);
    });

    it("makes a guard that enforces wait: it needs to know who calls", async () => {
      const app = appWith(requireSubject("test-user", "enforce"));
      const answers = [bearer(), bearer({}, { forged: true })].map((field) =>
        request(app)
          .get("/")
          .set(...field)
          .then(({ status }) => status),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      release();
      expect(await Promise.all(answers)).toEqual([200, 403]);
    });
  },
);
