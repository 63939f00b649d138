import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import type { Express, Request, RequestHandler, Response } from "express";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { principalFrom } from "../../principal/index.js";
import { type SecureApi, secureApi } from "../index.js";
import type { RouteTable } from "./row-options.js";

/** One app for each combination. */
interface Settings {
  readonly caseSensitive: boolean;
  readonly strict: boolean;
  /** Of the nested routers and the mounted app. */
  readonly nestedCaseSensitive: boolean;
  readonly nestedStrict: boolean;
  readonly allowsAmbiguous: boolean;
  readonly otherwise: "authenticated" | "deny";
}

/** What was reached, by a caller of which only the test knows what it may do. */
interface Hit {
  readonly handler: string;
  readonly req: Request;
}

const CALLERS = ["nobody", "user", "root"] as const;
type Caller = (typeof CALLERS)[number];

const ALL_KINDS = [
  "dot-segment",
  "empty-segment",
  "backslash",
  "encoded-slash",
  "undecodable",
  "method-override",
] as const;

/** Only `root` has the role. */
const ROOT = { requireRole: "root" } as const;
const ROWS: RouteTable = {
  "/": ROOT,
  "/admin/*": { ...ROOT, except: ["GET /admin/login"] },
  "GET /admin/login": { public: "the form of the login" },
  "GET /pub/:name": { public: "what everybody may read" },
  "/api/v1/orders": ROOT,
  "POST /api/v1/orders/:order/items": ROOT,
  "/api/v1/deep/:one/secret": ROOT,
  "/tenants/:tenant/secret": ROOT,
  "/legacy/report": ROOT,
  "/files/secret.txt": ROOT,
  "/files/inner/*": ROOT,
  "/t/:tenant/secret.txt": ROOT,
  "/proxy/*": ROOT,
  "/rx/:name": ROOT,
  "/multi/a": ROOT,
  "GET /read": ROOT,
  "DELETE /items/:id": ROOT,
  "PROPFIND /dav/*": ROOT,
  "/reports/*": { ...ROOT, methods: ["GET"] },
  "/search/:what": {
    ...ROOT,
    validate: {
      query: { type: "object", properties: { q: { type: "string" } } },
      unknown: "allow",
    },
  },
};
/** Concrete paths, of which the requests are spellings. */
const PATHS = [
  "/",
  "/admin",
  "/admin/login",
  "/admin/users/7",
  "/pub/news",
  "/api/v1/orders",
  "/api/v1/orders/7/items",
  "/api/v1/deep/x/secret",
  "/tenants/acme/secret",
  "/legacy/report",
  "/files/secret.txt",
  "/files/inner/a.txt",
  "/files/open.txt",
  "/t/acme/secret.txt",
  "/t/a%2Fb/secret.txt",
  "/t/x/inner/../secret.txt",
  "/files/inner/../secret.txt",
  "/t/acme/open.txt",
  "/t/acme/inner/a.txt",
  "/proxy/a/b",
  "/rx/name",
  "/multi/a",
  "/multi/b",
  "/read",
  "/items/7",
  "/dav/a",
  "/reports/7",
  "/search/books",
  "/nowhere",
];
/** What every known caller may reach, by the names of handlers; of others only `root`, and everybody what is public. */
const FOR_ALL: ReadonlySet<string> = new Set([
  "items",
  "multi b",
  "dav",
  "files/open.txt",
  "t/open.txt",
  "t/inner/a.txt",
  "else",
]);
/** The others. */
const FOR_ROOT = [
  "home",
  "admin",
  "user of admin",
  "orders",
  "items of an order",
  "deep secret",
  "secret of a tenant",
  "legacy report",
  "files/secret.txt",
  "files/inner/a.txt",
  "t/secret.txt",
  "proxy",
  "regular expression",
  "multi a",
  "read",
  "deleted item",
  "dav properties",
  "search",
  "report by GET",
];
const METHODS = "GET GET GET HEAD POST PUT DELETE PATCH OPTIONS PROPFIND QUERY TRACE".split(" ");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "route-table-"));
  mkdirSync(join(folder, "inner"));
  for (const name of ["secret.txt", "open.txt", "inner/a.txt"])
    writeFileSync(join(folder, name), name);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** Numbers that are the same in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof randomFrom>;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T;
}

/** Changes one thing about a target that software may not see, or see in another way. */
const SPELLINGS: readonly ((target: string, random: Random) => string)[] = [
  (target) => target.toUpperCase(),
  (target, random) => at(target, random, /[a-z]/gi, (letter) => letter.toUpperCase()),
  (target) => `${target}/`,
  (target, random) => at(target, random, /\//g, () => "//"),
  (target, random) => at(target, random, /\//g, () => "/./"),
  (target, random) => at(target, random, /\//g, () => "/%2e/"),
  (target, random) => at(target, random, /\//g, () => "/x/../"),
  (target, random) => at(target, random, /\//g, () => "/x/%2E%2e/"),
  (target, random) => at(target, random, /\//g, () => "/x%2F..%2f"),
  (target, random) => at(target, random, /\//g, () => "/x/y/../../"),
  (target, random) => at(target, random, /\//g, () => "/../"),
  (target, random) => at(target, random, /\//g, () => "%2f"),
  (target, random) => at(target, random, /\//g, () => "%2F"),
  (target, random) => at(target, random, /\//g, () => "\\"),
  (target, random) => at(target, random, /\//g, () => "%5c"),
  (target, random) => at(target, random, /\//g, () => "\\..\\"),
  (target, random) => at(target, random, /[a-z.]/gi, percent),
  (target, random) => at(target, random, /[a-z.]/gi, (letter) => percent(letter).toLowerCase()),
  (target, random) => at(target, random, /[a-z.]/gi, (letter) => `%25${percent(letter).slice(1)}`),
  (target, random) => at(target, random, /[a-z0-9]/gi, (letter) => `${letter}%2F${letter}`),
  (target, random) => at(target, random, /[a-z]/gi, (letter) => `${letter};x=1`),
  (target) => `${target};jsessionid=1`,
  (target) => `${target}%00`,
  (target) => `${target}%`,
  (target) => `${target}%E9`,
  (target) => `${target}.json`,
  (target) => `${target}/..`,
  (target) => `${target}/.`,
  (target) => `${target}/more`,
  (target) => `${target}?_method=DELETE`,
  (target) => `${target}?a=/admin&b=../..`,
  (target) => `${target}#x`,
  (target) => `${target}\\x#y`,
  (target) => `http://api.test${target}`,
  (target) => `HTTPS://api.test:8443${target}`,
  (target) => `//api.test${target}`,
  (target) => target.slice(1),
  (target) => `${target}${"/y".repeat(2000)}${"/..".repeat(2000)}`,
  (target) => `/${"x".repeat(4000)}/..${target}`,
  (target, random) => at(target, random, /[ks]/gi, () => "\u00e9"),
  (target, random) => at(target, random, /k/gi, () => "\u212a"),
  (target, random) => at(target, random, /s/gi, () => "\u017f"),
  (target, random) => `${pick(random, ["/admin", "/pub", "/files", "/t/x", "/api/v1"])}${target}`,
  (target, random) => `${pick(random, ["/pub", "/admin", "/files/inner"])}/..${target}`,
  (target) => `${target} `,
  (target) => `${target}\t#`,
];

function at(
  target: string,
  random: Random,
  what: RegExp,
  write: (found: string) => string,
): string {
  const places = [...target.matchAll(what)];
  const place = places[random(places.length)];
  if (place === undefined) return target;
  const [found] = place;
  return target.slice(0, place.index) + write(found) + target.slice(place.index + found.length);
}

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
}

const HOLDERS: Readonly<Record<Caller, object | null>> = {
  nobody: null,
  user: { subject: "user" },
  root: { subject: "root", roles: ["root"] },
};

function callerOf(req: IncomingMessage): Caller {
  return (req as unknown as { caller: Caller }).caller;
}

/** As packages for HTML forms do it. */
const methodOverride: RequestHandler = (req, _res, next) => {
  const named = req.headers["x-http-method-override"] ?? req.query["_method"];
  if (typeof named === "string") req.method = named.toUpperCase();
  next();
};

describe.each(expressVersions)("The table of routes on Express %s", (major, express) => {
  function createApp(settings: Settings): { app: Express; security: SecureApi; hits: Hit[] } {
    const hits: Hit[] = [];
    const hit =
      (handler: string): RequestHandler =>
      (req, res) => {
        hits.push({ handler, req });
        res.end();
      };
    const files = (mount: string): RequestHandler =>
      express.static(folder, {
        index: false,
        setHeaders(res, path) {
          const file = relative(folder, path).split(sep).join("/");
          hits.push({ handler: `${mount}/${file}`, req: (res as Response).req });
        },
      });
    const star = (prefix: string): string => (major === "4" ? `${prefix}/*` : `${prefix}/*rest`);
    const { caseSensitive, strict, nestedCaseSensitive, nestedStrict, otherwise } = settings;
    const security = secureApi({
      auditLog: false,
      secureHeaders: {},
      oauthGuard: false,
      authenticate: principalFrom((req) => HOLDERS[callerOf(req)] as never),
      rateLimit: false,
      routes: ROWS,
      otherwise,
      paths: settings.allowsAmbiguous ? { allow: ALL_KINDS } : {},
    });

    const app = (express as unknown as () => Express)();
    app.set("case sensitive routing", caseSensitive);
    app.set("strict routing", strict);
    app.use(security, methodOverride);
    const nested = { caseSensitive: nestedCaseSensitive, strict: nestedStrict, mergeParams: true };
    const api = express.Router(nested);
    const deep = express.Router({ ...nested, caseSensitive: !nestedCaseSensitive });
    deep.get("/:one/secret", hit("deep secret"));
    api.all("/orders", hit("orders"));
    api.post("/orders/:order/items", hit("items of an order"));
    api.use("/deep", deep);
    const tenant = express.Router(nested);
    tenant.all("/secret", hit("secret of a tenant"));
    const legacy = (express as unknown as () => Express)();
    legacy.set("case sensitive routing", nestedCaseSensitive);
    legacy.set("strict routing", nestedStrict);
    legacy.all("/report", hit("legacy report"));

    app.all("/", hit("home"));
    app.get("/admin/login", hit("public"));
    app.all("/admin", hit("admin"));
    app.route("/admin/users/:id").all(hit("user of admin"));
    app.get("/pub/:name", hit("public"));
    app.use("/api/v1", api);
    app.use("/tenants/:tenant", tenant);
    app.use("/legacy", legacy);
    app.use("/files", files("files"));
    app.use("/t/:tenant", files("t"));
    app.use("/proxy", hit("proxy"));
    app.all(/^\/rx\/(\w+)\/?$/i, hit("regular expression"));
    app.all(["/multi/a"], hit("multi a"));
    app.all(["/multi/b"], hit("multi b"));
    app.get("/read", hit("read"));
    app.delete("/items/:id", hit("deleted item"));
    app.all("/items/:id", hit("items"));
    app.propfind(star("/dav"), hit("dav properties"));
    app.all(star("/dav"), hit("dav"));
    app.all(star("/reports"), (req, res) => {
      hits.push({ handler: `report by ${req.method}`, req });
      res.end();
    });
    app.all("/search/:what", (req, res) => {
      // Throws when the row did not apply.
      security.valid(req, "/search/:what");
      hits.push({ handler: "search", req });
      res.end();
    });
    app.use(hit("else"));
    app.use(((error: Error, req: Request, res: Response, _next: unknown) => {
      if (error.message.startsWith("validate:")) hits.push({ handler: "unvalidated", req });
      res.statusCode = 500;
      res.end();
    }) as never);
    return { app, security, hits };
  }

  function send(app: Express, method: string, url: string, caller: Caller, override: string): void {
    const req = new IncomingMessage({ remoteAddress: "127.0.0.1" } as Socket);
    const headers: Record<string, string> = { host: "api.test" };
    if (override !== "") headers["x-http-method-override"] = override;
    Object.assign(req, { method, url, headers, caller, complete: true });
    app(req as Request, new ServerResponse(req) as Response);
  }

  /** What a caller must not have reached; knows the handler, and not by which path. */
  function isWrong({ handler, req }: Hit, otherwise: Settings["otherwise"]): boolean {
    const caller = callerOf(req);
    if (handler === "public") return false;
    if (handler === "unvalidated" || /^report by (?!GET|HEAD)/.test(handler)) return true;
    if (caller === "root") return false;
    return caller === "nobody" || otherwise === "deny" || !FOR_ALL.has(handler);
  }

  const flags = [false, true];
  const combinations = flags.flatMap((caseSensitive) =>
    flags.flatMap((strict) =>
      flags.flatMap((nestedCaseSensitive) =>
        flags.flatMap((allowsAmbiguous) =>
          (["authenticated", "deny"] as const).map((otherwise) => ({
            caseSensitive,
            strict,
            nestedCaseSensitive,
            nestedStrict: !strict,
            allowsAmbiguous,
            otherwise,
          })),
        ),
      ),
    ),
  );
  const perApp = 800;

  it(`lets nothing past its row in ${combinations.length * perApp} spellings`, {
    timeout: 120_000,
  }, async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const reached = new Map<string, number>();
    const wrong: string[] = [];
    for (const [seed, settings] of combinations.entries()) {
      const { app, hits } = createApp(settings);
      const random = randomFrom(seed + 1);
      for (let count = 0; count < perApp; count += 1) {
        let target = pick(random, PATHS);
        for (let left = random(4); left > 0; left -= 1)
          target = pick(random, SPELLINGS)(target, random);
        const method = pick(random, METHODS);
        const override = random(8) === 0 ? pick(random, METHODS) : "";
        const caller = pick(random, CALLERS);
        send(app, method, target, caller, override);
        if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      // Files are looked up behind the request.
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const hit of hits) {
        reached.set(hit.handler, (reached.get(hit.handler) ?? 0) + 1);
        if (!isWrong(hit, settings.otherwise)) continue;
        const { originalUrl, method } = hit.req;
        const asked = `${callerOf(hit.req)} ${method} ${originalUrl.slice(0, 80)}`;
        wrong.push(`${asked} reached ${hit.handler} with ${JSON.stringify(settings)}`);
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    for (const handler of [...FOR_ROOT, ...FOR_ALL, "public"])
      expect(reached.get(handler) ?? 0, handler).toBeGreaterThan(5);
  });
});
