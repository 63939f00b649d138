import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  authenticated,
  authorize,
  claim,
  requireRole,
  when,
} from "../../src/authorization/index.js";
import { keycloak } from "../../src/claims/index.js";
import { getAuth, type OauthGuardOptions, oauthGuard } from "../../src/oauth-guard/index.js";
import { enrichPrincipal, getPrincipal } from "../../src/principal/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { firstCellsOf, guideSections } from "../support/guide.js";
import {
  createRealm,
  Installed,
  installedVersion,
  keycloakToken,
  type OldAdapter,
  type OldToken,
  oldConfig,
  RECORDED_VERSION,
  theirs,
} from "../support/keycloak-connect.js";
import { codeSpans } from "../support/reference-pages.js";

type Row = () => unknown;
type Rows = Readonly<Record<string, Row>>;

const sections = guideSections("migrate-from-keycloak-connect.md");
const decisions = listenToDecisions();
const realm = createRealm();
const token = (roles: readonly string[] = [], claims: object = {}) =>
  keycloakToken(realm, roles, claims);
const now = () => Math.floor(Date.now() / 1000);
const DENIED = "403 Access denied";
const LOGIN =
  "302 https://sso.example.com/realms/shop/protocol/openid-connect/auth?client_id=orders-api";
/** As in production: the keys are fetched. */
const FETCHING = {
  issuer: realm.issuer,
  audience: realm.audience,
  principal: keycloak({ clientId: "orders-api" }),
};
const GUARD = { ...FETCHING, ...realm.options() };

/** The cell of a row, in the column with this head. */
function cell(heading: string, row: string, column: string): string {
  const table = sections.find((section) => section.heading === heading)?.tables[0];
  const found = table?.rows.find((one) => one[table.head[0] ?? ""] === row)?.[column];
  if (found === undefined) throw new Error(`${heading} has no row ${row}`);
  return found;
}

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  realm.outage(false);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it.each(installedVersion === undefined ? [] : [installedVersion])(
  "asks the release whose answers are here: %s",
  (version) => {
    expect(version).toBe(RECORDED_VERSION);
  },
);

describe.each(expressVersions)("the guide to keycloak-connect on Express %s", (_major, express) => {
  /** Sends the tokens, one after the other, and tells each answer in one line. */
  async function send(app: Express, tokens: readonly (string | undefined)[], path = "/") {
    const lines: string[] = [];
    for (const one of tokens) {
      const sent = request(app).get(path);
      const scheme = one !== undefined && / |^Bearer$/.test(one) ? "" : "Bearer ";
      const answer = await (one === undefined ? sent : sent.set("Authorization", scheme + one));
      const said = answer.headers["location"]?.split("&")[0] ?? answer.body?.code ?? answer.text;
      lines.push(`${answer.status} ${said}`);
    }
    return lines;
  }

  function end(app: Express): Express {
    app.get(["/", "/logout"], (_req, res) => void res.send("ok"));
    const onError: import("express").ErrorRequestHandler = (_error, _req, res, _next) => {
      res.status(500).send("error handler");
    };
    return app.use(onError);
  }

  /** The answers of the old package, with what `protect` gets or with what the function mounts. */
  const old = (
    recorded: readonly string[],
    tokens: readonly (string | undefined)[],
    { spec, config, mount, path }: OldApp = {},
  ) =>
    theirs(recorded, async (Keycloak) => {
      const app = express();
      const adapter = new Keycloak({}, oldConfig(realm, config));
      if (mount) mount(app, adapter);
      else app.use(adapter.middleware()).get("/", adapter.protect(spec));
      return await send(end(app), tokens, path);
    });
  interface OldApp {
    readonly spec?: unknown;
    readonly config?: object;
    readonly mount?: (app: Express, adapter: OldAdapter) => unknown;
    readonly path?: string;
  }

  /** The answers of the guard and of what stands behind it. */
  function ours(
    tokens: readonly (string | undefined)[],
    guards: readonly RequestHandler[] = [],
    options: Partial<OauthGuardOptions> = {},
  ) {
    const app = express();
    app.use(oauthGuard({ ...GUARD, ...options } as OauthGuardOptions), ...guards);
    return send(end(app), tokens);
  }
  const reason = () => decisions.at(-1)?.reason;

  const answers: Readonly<Record<string, () => Promise<readonly [string, string]>>> = {
    "no token": async () => await both([DENIED], undefined),
    "no token, and not `bearer-only`": async () =>
      await both([LOGIN], undefined, { config: { "bearer-only": false } }),
    "an expired or forged token": async () => {
      const forged = realm.mint({ typ: "Bearer" }, { forged: true });
      await both([DENIED], forged);
      return await both([DENIED], token([], { exp: now() - 60 }));
    },
    "`Bearer` without a token": async () => await both([DENIED], "Bearer"),
    "a valid token without the role": async () =>
      await both([DENIED], token(["viewer"]), { spec: "admin" }, [requireRole("admin")]),
    "the keys of the realm cannot be fetched": async () => {
      const config = {
        "auth-server-url": "http://127.0.0.1:9",
        "realm-public-key": undefined,
      };
      const unreachable = createRealm("http://127.0.0.1:9/realms/shop");
      const sent = keycloakToken(unreachable);
      const [line = ""] = await old([DENIED], [sent], { config });
      realm.outage();
      const [our = ""] = await ours([token()]);
      return [line, our];
    },
    "a role function that throws": async () => {
      const fail = () => {
        throw new Error("mine");
      };
      const rule = authorize(when("mine", fail));
      return await both(["500 error handler"], token(), { spec: fail }, [rule]);
    },
    "a bad token, on a route that nobody protects": async () =>
      await both(["200 ok"], "x.y.z", { mount: (app, adapter) => app.use(adapter.middleware()) }),
  };

  /** One request to both. */
  async function both(
    recorded: readonly string[],
    sent: string | undefined,
    app: OldApp = {},
    guards: readonly RequestHandler[] = [],
  ): Promise<readonly [string, string]> {
    const [their = ""] = await old(recorded, [sent], app);
    const [our = ""] = await ours([sent], guards);
    return [their, our];
  }

  const CLIENTS = "What clients get";
  it.each(firstCellsOf(sections, CLIENTS))(`${CLIENTS}: %s`, async (row) => {
    const [their, our] = (await answers[row]?.()) ?? ["", ""];
    const told = (column: string) => cell(CLIENTS, row, column);
    expect(their.slice(0, 3)).toBe(told("keycloak-connect").slice(0, 3));
    for (const text of codeSpans(told("keycloak-connect"))) expect(their).toContain(text);
    expect(our).toBe(told("here").replaceAll("`", ""));
  });

  const passes = ["200 ok"];
  const LET = "What is let through there, and not here";
  const refused = async (sent: string, row: string) => {
    expect(await old(passes, [sent])).toEqual(passes);
    expect(await ours([sent])).toEqual(["401 invalid_token"]);
    expect(cell(LET, row, "here")).toBe(`401, \`${reason()}\``);
  };
  const traps: Rows = {
    "a token for another API of the realm": () =>
      refused(token([], { aud: "stock-api" }), "a token for another API of the realm"),
    "a token without `exp`": () => refused(token([], { exp: undefined }), "a token without `exp`"),
    "a token before its `nbf`": () =>
      refused(token([], { nbf: now() + 600 }), "a token before its `nbf`"),
    "a token that is bound to a client certificate (`cnf`)": () =>
      refused(
        token([], { cnf: { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" } }),
        "a token that is bound to a client certificate (`cnf`)",
      ),
    "a route without `protect`": async () => {
      const mount = (app: Express, adapter: OldAdapter) => app.use(adapter.middleware());
      expect(await old(passes, [undefined], { mount })).toEqual(passes);
      expect(await ours([undefined])).toEqual(["401 authentication_required"]);
    },
    '`protect(["admin", "editor"])`': async () => {
      expect(await old(passes, [token()], { spec: ["admin", "editor"] })).toEqual(passes);
      const guard = requireRole("admin", "editor");
      expect(await ours([token(), token(["editor"])], [guard])).toEqual([
        "403 access_denied",
        "200 ok",
      ]);
    },
    "`protect(process.env.ROLE)`, and the variable is not set": async () => {
      expect(await old(passes, [token()], { spec: undefined })).toEqual(passes);
      expect(() => requireRole(undefined as unknown as string)).toThrow("requireRole");
    },
    "`protect(async (token) => …)`": async () => {
      expect(await old(passes, [token()], { spec: async () => false })).toEqual(passes);
      const guard = authorize(when("later", async () => false));
      expect(await ours([token()], [guard])).toEqual(["403 access_denied"]);
    },
    '`protect("realm:team:lead")`': async () => {
      const sent = [token(["realm:team"]), token(["realm:team:lead"])];
      const spec = "realm:team:lead";
      expect(await old(["200 ok", DENIED], sent, { spec })).toEqual(["200 ok", DENIED]);
      expect(await ours(sent, [requireRole(spec)])).toEqual(["403 access_denied", "200 ok"]);
    },
    '`protect("admin")`, and a mapper writes the text `administrator` in place of a list':
      async () => {
        const text = { resource_access: { "orders-api": { roles: "administrator" } } };
        const sent = [token([], text)];
        expect(await old(passes, sent, { spec: "admin" })).toEqual(passes);
        expect(await ours(sent, [requireRole("admin")])).toEqual(["403 access_denied"]);
        expect(await ours(sent, [requireRole("administrator")])).toEqual(passes);
      },
  };

  it("accepts other algorithms and spellings of the scheme, which the old one refuses", async () => {
    const sent = [`BEARER ${token()}`];
    expect(await old([DENIED], sent)).toEqual([DENIED]);
    expect(await ours(sent)).toEqual(passes);
    const { createTestIssuer } = await import("../../src/testing/index.js");
    const other = createTestIssuer({ issuer: realm.issuer, audience: "orders-api" });
    expect(await ours([keycloakToken(other)], [], other.options())).toEqual(passes);
  });

  /** What a handler sees. */
  async function seen<T>(look: (req: import("express").Request) => T, sent = token(["admin"])) {
    let found: T | undefined;
    const handler: RequestHandler = (req, _res, next) => {
      found = look(req);
      next();
    };
    await ours([sent], [handler]);
    return found;
  }
  const own = keycloak({ clientId: "orders-api" });
  const roleRow = async (spec: string) => {
    const sent = [token([spec]), token()];
    expect(await old(["200 ok", DENIED], sent, { spec })).toEqual(["200 ok", DENIED]);
    expect(await ours(sent, [requireRole(spec)])).toEqual(["200 ok", "403 access_denied"]);
  };
  const methods: Rows = {
    "`keycloak.middleware()`": async () => {
      const mount = (app: Express, adapter: OldAdapter) => app.use(adapter.middleware());
      expect(await old(["200 ok", "200 ok"], [undefined, token()], { mount })).toHaveLength(2);
      expect(await ours([undefined, token()])).toEqual(["401 authentication_required", "200 ok"]);
    },
    "`keycloak.protect()`": async () => {
      const sent = [token(), undefined];
      expect(await old(["200 ok", DENIED], sent)).toEqual(["200 ok", DENIED]);
      for (const guards of [[], [authorize(authenticated())]]) {
        expect(await ours(sent, guards)).toEqual(["200 ok", "401 authentication_required"]);
      }
    },
    '`keycloak.protect("admin")`': () => roleRow("admin"),
    '`keycloak.protect("realm:admin")`': () => roleRow("realm:admin"),
    '`keycloak.protect("billing-api:payer")`': async () => {
      const sent = [token([], { resource_access: { "billing-api": { roles: ["payer"] } } })];
      expect(await old(passes, sent, { spec: "billing-api:payer" })).toEqual(passes);
      for (const name of ["payer", "billing-api:payer"]) {
        expect(await ours(sent, [requireRole(name)])).toEqual(["403 access_denied"]);
      }
      const billing = { path: ["resource_access", "billing-api", "roles"], prefix: "billing-api:" };
      const principal = { ...own, roles: [...(own.roles ?? []), billing] };
      const guard = requireRole("billing-api:payer");
      expect(await ours(sent, [guard], { principal })).toEqual(passes);
    },
    "`keycloak.protect((token, req) => …)`": async () => {
      const spec = ({ content }: OldToken, req: { path: string }) =>
        content["preferred_username"] === "alice" && req.path === "/";
      const sent = [token(), token([], { preferred_username: "bob" })];
      expect(await old(["200 ok", DENIED], sent, { spec })).toEqual(["200 ok", DENIED]);
      for (const wait of [false, true]) {
        const rule = when("alice", ({ claims }, req) => {
          const is = claims["preferred_username"] === "alice" && req.path === "/";
          return wait ? Promise.resolve(is) : is;
        });
        expect(await ours(sent, [authorize(rule)])).toEqual(["200 ok", "403 access_denied"]);
      }
    },
    '`token.hasRole("admin")`, `token.hasRealmRole("admin")`': async () => {
      const sent = token(["admin", "realm:admin"]);
      const spec = (one: OldToken) => one.hasRole("admin") && one.hasRealmRole("admin");
      expect(await old(passes, [sent], { spec })).toEqual(passes);
      const roles = await seen((req) => getPrincipal(req)?.roles, sent);
      expect(roles).toEqual(["admin", "realm:admin"]);
    },
    "`req.kauth.grant.access_token.content`": async () => {
      const spec = ({ content }: OldToken) => content["azp"] === "shop-web";
      expect(await old(passes, [token()], { spec })).toEqual(passes);
      expect(await seen((req) => getAuth(req)?.payload["azp"])).toBe("shop-web");
    },
    "`req.kauth.grant.access_token.token`": async () => {
      const sent = token();
      const spec = (one: OldToken) => one.token === sent;
      expect(await old(passes, [sent], { spec })).toEqual(passes);
      expect(await seen((req) => getAuth(req)?.token, sent)).toBe(sent);
    },
    '`token.hasPermission("order", "view")`': async () => {
      const permissions = [{ rsname: "order", scopes: ["view"] }];
      const sent = [token([], { authorization: { permissions } }), token()];
      const spec = (one: OldToken) => one.hasPermission("order", "view");
      expect(await old(["200 ok", DENIED], sent, { spec })).toEqual(["200 ok", DENIED]);
      const may = (value: unknown) => JSON.stringify(value) === JSON.stringify({ permissions });
      const guard = authorize(claim("authorization", may));
      expect(await ours(sent, [guard])).toEqual(["200 ok", "403 access_denied"]);
    },
    '`keycloak.enforcer("order:view")`': async () => {
      // Keycloak cannot be asked here, and the old package takes that for a no.
      const mount = (app: Express, adapter: OldAdapter) =>
        app.use(adapter.middleware()).get("/", adapter.enforcer("order:view"));
      const config = { "auth-server-url": "http://127.0.0.1:9" };
      const sent = [keycloakToken(createRealm("http://127.0.0.1:9/realms/shop"))];
      expect(await old([DENIED], sent, { mount, config })).toEqual([DENIED]);
    },
    "`keycloak.checkSso()`": async () => {
      const mount = (app: Express, adapter: OldAdapter) =>
        app
          .use((req, _res, next) => {
            (req as unknown as { session: object }).session = {};
            next();
          })
          .use(adapter.middleware())
          .get("/", adapter.checkSso());
      const config = { "bearer-only": false };
      expect(await old([LOGIN], [undefined], { mount, config })).toEqual([LOGIN]);
    },
    "`keycloak.accessDenied = (req, res) => …`": async () => {
      const mount = (app: Express, adapter: OldAdapter) => {
        adapter.accessDenied = (_req, res) => void res.status(418).send("mine");
        app.use(adapter.middleware()).get("/", adapter.protect());
      };
      expect(await old(["418 mine"], [undefined], { mount })).toEqual(["418 mine"]);
      const onDenied: OauthGuardOptions["onDenied"] = (_error, _req, res) => {
        res.status(418).send("mine");
      };
      expect(await ours([undefined], [], { onDenied })).toEqual(["418 mine"]);
    },
    '`keycloak.middleware({ logout: "/logout" })`': async () => {
      const recorded = ["500 error handler"];
      const app = { path: "/logout" };
      expect(await old(recorded, [token()], app)).toEqual(recorded);
    },
    '`keycloak.middleware({ admin: "/" })`: `/k_logout`, `/k_push_not_before`': async () => {
      const lines = await theirs(["401", "401"], async (Keycloak) => {
        const adapter = new Keycloak({}, oldConfig(realm));
        const app = express().use(adapter.middleware());
        const found: string[] = [];
        for (const path of ["/k_logout", "/k_push_not_before"]) {
          found.push(String((await request(app).post(path).send("x.y.z")).status));
        }
        return found;
      });
      expect(lines).toEqual(["401", "401"]);
      const gone = enrichPrincipal(async () => null);
      expect(await ours([token()], [gone])).toEqual(["401 authentication_required"]);
    },
  };

  /** What the old package made of a configuration. */
  const configured = (config: object, look: (read: OldAdapter["config"]) => unknown) => {
    if (Installed) expect(look(new Installed({}, oldConfig(realm, config)).config)).toBe(true);
  };
  const members: Rows = {
    "`realm`, `auth-server-url`": async () => {
      configured({}, (read) => read["realmUrl"] === realm.issuer);
      expect(await ours([token([], { iss: "https://sso.example.com/realms/other" })])).toEqual([
        "401 invalid_token",
      ]);
      expect(reason()).toBe("unknown_issuer");
    },
    "`resource`": () => roleRow("editor"),
    "`bearer-only: true`": async () => {
      await both([DENIED], undefined);
      expect(await ours([undefined])).toEqual(["401 authentication_required"]);
    },
    "`public-client`, `credentials`, and `bearer-only` not set": async () => {
      const config = { "bearer-only": undefined, "public-client": true };
      expect(await old([LOGIN], [undefined], { config })).toEqual([LOGIN]);
    },
    "`verify-token-audience: true`": async () => {
      const config = { "verify-token-audience": true };
      const sent = [token([], { aud: "stock-api" }), token()];
      expect(await old([DENIED, "200 ok"], sent, { config })).toEqual([DENIED, "200 ok"]);
      expect(await ours(sent)).toEqual(["401 invalid_token", "200 ok"]);
    },
    "`realm-public-key`": async () => {
      const { "realm-public-key": key } = oldConfig(realm) as { "realm-public-key": string };
      const publicKey = `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----`;
      expect(await ours([token()], [], { jwks: undefined, publicKey })).toEqual(passes);
    },
    "`min-time-between-jwks-requests`": () => {
      configured({ "min-time-between-jwks-requests": 7 }, (read) => {
        return read["minTimeBetweenJwksRequests"] === 7;
      });
      expect(() => oauthGuard({ ...FETCHING, keys: { cooldown: "10s" } })).not.toThrow();
    },
    "`ssl-required`": () => {
      configured({ "ssl-required": "all" }, (read) => !("sslRequired" in read));
      const plain = { ...FETCHING, issuer: "http://sso.example.com/realms/shop" };
      expect(() => oauthGuard(plain)).toThrow("https");
      expect(() =>
        oauthGuard({ ...FETCHING, issuer: "http://localhost:8080/realms/shop" }),
      ).not.toThrow();
    },
    "`confidential-port`": () => {
      configured({ "confidential-port": 0 }, (read) => !("confidentialPort" in read));
    },
    "`${env.NAME:default}`": () => {
      vi.stubEnv("REALM_NAME", "shop");
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is how keycloak.json names a variable
      configured({ realm: "${env.REALM_NAME:other}" }, (read) => read["realm"] === "shop");
      vi.stubEnv("REALM_NAME", undefined);
      const audience = process.env["REALM_NAME"] as unknown as string;
      expect(() => oauthGuard({ ...GUARD, audience })).toThrow("audience");
    },
  };

  const tables: readonly (readonly [string, Rows])[] = [
    [LET, traps],
    ["Each method", methods],
    ["Each member of `keycloak.json`", members],
  ];
  const cells = tables.flatMap(([heading, rows]) =>
    firstCellsOf(sections, heading).map((row) => [heading, row, rows] as const),
  );

  it.each(cells)("%s: %s", async (_heading, row, rows) => {
    expect(rows).toHaveProperty([row]);
    await rows[row]?.();
  });

  it.each<readonly [string, object]>([...tables, [CLIENTS, answers]])(
    "%s: has no check without a row",
    (heading, rows) => {
      expect(Object.keys(rows)).toEqual(firstCellsOf(sections, heading));
    },
  );
});
