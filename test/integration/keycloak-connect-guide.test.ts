import { devNull } from "node:os";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fileSink } from "../../src/audit-log/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { guideSections, guideText } from "../support/guide.js";
import { runOnApp } from "../support/guide-app.js";
import {
  createRealm,
  Installed,
  keycloakToken,
  type OldConstructor,
  oldConfig,
} from "../support/keycloak-connect.js";
import { codeSpans } from "../support/reference-pages.js";

const GUIDE = "migrate-from-keycloak-connect.md";
const sections = guideSections(GUIDE);
const decisions = listenToDecisions();
const realm = createRealm();
const token = (roles: readonly string[] = [], claims: object = {}) =>
  keycloakToken(realm, roles, claims);

const LOOK = "2. Look";
const ENFORCE = "3. Enforce, and remove keycloak-connect";
const ASK = "Permissions that Keycloak decides";

function codeOf(heading: string): string {
  const [code = ""] = sections.find((one) => one.heading === heading)?.blocks("js") ?? [];
  return code;
}
const [, before = ""] = /^```js\n([\s\S]*?)^```$/m.exec(guideText(GUIDE)) ?? [];

/** Stands in for the old package where it is not installed: it lets everybody pass. */
class Passing {
  middleware(): RequestHandler[] {
    return [
      (req, _res, next) => {
        const content = { preferred_username: "alice" };
        Object.assign(req, { kauth: { grant: { access_token: { content } } } });
        next();
      },
    ];
  }
  protect(): RequestHandler {
    return (_req, _res, next) => next();
  }
}

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("an app with keycloak-connect on Express %s", (_major, express) => {
  const done: RequestHandler = (_req, res) => void res.json({ done: true });
  const given = { changeOrder: done, showAudit: done, deleteOrder: done };

  function run(more: Readonly<Record<string, unknown>>, ...codes: readonly string[]): Express {
    const app = express();
    app.set("env", "test");
    const Old = Installed ?? (Passing as unknown as OldConstructor);
    const Keycloak = function (this: object, options: object, config: object) {
      return new Old(options, oldConfig(realm, config));
    };
    const quiet = () => fileSink({ path: devNull });
    for (const code of codes) {
      const script = code
        .replace('const Keycloak = require("keycloak-connect");', "")
        // In place of the network, and of the standard output.
        .replace(
          /audience: ("orders-api"|null),\n {4}(?=clientIds|principal)/,
          "$&jwks: () => realm.jwks, ",
        )
        .replace("auditLog()", "auditLog({ sinks: [quiet()] })")
        .replace("auditLog({ mode", "auditLog({ sinks: [quiet()], mode");
      runOnApp(app, express, script, { ...given, Keycloak, realm, quiet, ...more });
    }
    return app;
  }
  const send = (
    app: Express,
    method: "get" | "put" | "delete" | "post",
    path: string,
    sent = "",
  ) => {
    const made = request(app)[method](path);
    return sent === "" ? made : made.set("Authorization", `Bearer ${sent}`);
  };

  const REQUESTS = [
    ["get", "/health", "", 200],
    ["get", "/orders", token(), 200],
    ["put", "/orders/7", token(), 403],
    ["put", "/orders/7", token(["editor"]), 200],
    ["put", "/orders/7", token(["realm:editor"]), 403],
    ["get", "/audit", token(["auditor"]), 403],
    ["get", "/audit", token(["realm:auditor"]), 200],
    ["delete", "/orders/7", token(["admin"]), 403],
    ["delete", "/orders/7", token(["realm:support"]), 403],
    ["delete", "/orders/7", token(["admin", "realm:support"]), 200],
  ] as const;
  const stages = [
    ["before", () => run({}, before)],
    ["looking", () => run({}, codeOf(LOOK), before)],
    ["enforcing", () => run({}, codeOf(ENFORCE))],
  ] as const;
  const asked = stages.filter(([name]) => name === "enforcing" || Installed !== undefined);

  it.each(asked)("decides by roles as before: %s", async (_name, build) => {
    const app = build();
    for (const [method, path, sent, status] of REQUESTS) {
      expect([method, path, (await send(app, method, path, sent)).status]).toEqual([
        method,
        path,
        status,
      ]);
    }
    const { body } = await send(app, "get", "/orders", token());
    expect(body).toEqual({ of: "alice" });
  });

  it("refuses nothing while it looks, and records what it would", async () => {
    const app = run({}, codeOf(LOOK), before);
    for (const [method, path, sent, status] of REQUESTS) {
      const from = decisions.length;
      const { headers } = await send(app, method, path, sent);
      expect(headers).not.toHaveProperty("x-request-id");
      const denied = decisions.slice(from).filter(({ outcome }) => outcome === "deny");
      expect(denied.map(({ enforced, code }) => [enforced, code])).toEqual(
        status === 403 ? [[false, "access_denied"]] : [],
      );
    }
  });

  it("has a reason for each row of its table", async () => {
    const app = run({}, codeOf(LOOK), before);
    app.get("/open", done);
    const sent: Readonly<Record<string, readonly [path: string, token: string]>> = {
      "a token without the audience mapper": ["/orders", token([], { aud: "account" })],
      "a token that never expires": ["/orders", token([], { exp: undefined })],
      "a token that is bound to a client certificate": [
        "/orders",
        token([], { cnf: { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" } }),
      ],
      "no token, on a route that nobody protects": ["/open", ""],
    };
    const rows = sections.find(({ heading }) => heading === LOOK)?.tables[0]?.rows ?? [];
    expect(rows.map((row) => row["what is sent"])).toEqual(Object.keys(sent));
    for (const row of rows) {
      const [path = "", one = ""] = sent[row["what is sent"] ?? ""] ?? [];
      const from = decisions.length;
      await send(app, "get", path, one).expect(200);
      const denied = decisions.slice(from).find(({ outcome }) => outcome === "deny");
      expect(denied?.reason).toBe(codeSpans(row["reason"] ?? "")[0]);
    }
  });

  it("names the clients where there is no audience yet", async () => {
    const app = run({}, codeOf("1. Give the tokens an audience"));
    app.get("/", done);
    await send(app, "get", "/", token([], { aud: "account" })).expect(200);
    await send(app, "get", "/", token([], { aud: "account", azp: "stock-web" })).expect(401);
  });

  it("takes the roles of another client that the mapping names", async () => {
    const app = run({}, codeOf("Roles of another client"));
    const roles = (of: string) => token([], { resource_access: { [of]: { roles: ["payer"] } } });
    await send(app, "post", "/payments", roles("billing-api")).expect(200);
    await send(app, "post", "/payments", roles("orders-api")).expect(403);
    await send(app, "post", "/payments", roles("stock-api")).expect(403);
  });

  it("asks Keycloak for permissions in a condition", async () => {
    const asked: unknown[] = [];
    let answer: () => Response = () => Response.json({ result: true });
    const fetch = async (url: string, { body, headers }: RequestInit) => {
      asked.push([url, String(body), headers]);
      return answer();
    };
    const guard = codeOf("1. Give the tokens an audience");
    const app = run({ fetch, tokenEndpoint: "https://sso.example.com/token" }, guard, codeOf(ASK));
    const one = token();
    await send(app, "get", "/orders/7", one).expect(200);
    expect(asked).toEqual([
      [
        "https://sso.example.com/token",
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Auma-ticket&audience=orders-api&permission=order%23view&response_mode=decision",
        { Authorization: `Bearer ${one}` },
      ],
    ]);
    answer = () => Response.json({ error: "access_denied" }, { status: 403 });
    await send(app, "get", "/orders/7", one).expect(403);
    answer = () => Response.json({ error: "server_error" }, { status: 500 });
    const { body } = await send(app, "get", "/orders/7", one).expect(503);
    expect(body.code).toBe("check_unavailable");
  });
});
