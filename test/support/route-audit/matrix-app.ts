import type express5 from "express";
import type { Express, RequestHandler } from "express";
import { type GuardDescription, markGuard } from "../../../src/core/guard/guard-mark.js";
import type { RouteStatus } from "../../../src/route-audit/report/route-report.js";

type ExpressLike = typeof express5;

/** What a route of {@link matrixApp} must be, on every Express: method, path on Express 4, path on Express 5, status. */
type Expected = readonly [method: string, path4: string, path5: string, status: RouteStatus];

export interface MatrixApp {
  readonly app: Express;
  readonly routes: readonly (readonly [method: string, path: string, status: RouteStatus])[];
}

/** Refuses whoever has no token, as a guard does. */
export function guardFor(about: Partial<GuardDescription> = {}): RequestHandler {
  const guard: RequestHandler = (req, res, next) => {
    if (req.headers.authorization === undefined && about.optional !== true) res.sendStatus(401);
    else next();
  };
  return markGuard(guard, {
    guard: "testGuard",
    kind: "authentication",
    mode: "enforce",
    ...about,
  });
}

/** Declares that a route is meant to be open. */
function publicFor(reason: string): RequestHandler {
  const pass: RequestHandler = (_req, _res, next) => next();
  return markGuard(pass, { guard: "declarePublic", kind: "public", mode: "enforce", rule: reason });
}

const answer: RequestHandler = (_req, res) => void res.send("ok");
const load: RequestHandler = (_req, _res, next) => next();

/** An app with every way of declaring routes and guards, and every way known to get past them. */
export function matrixApp(express: ExpressLike, isExpress4: boolean): MatrixApp {
  const app = express();
  const expected: Expected[] = [];
  const G = guardFor();
  const role = guardFor({ guard: "requireRole", kind: "authorization", rule: "role(admin)" });
  const syntax = (path4: string, path5: string): string => (isExpress4 ? path4 : path5);
  const expect = (method: string, path: string, status: RouteStatus, path5 = path): void =>
    void expected.push([method, path, path5, status]);
  app.use(express.json());

  app.get("/health", answer);
  expect("GET", "/health", "open");
  app.get("/public", publicFor("status page"), answer);
  expect("GET", "/public", "public");
  app.get("/admin", G, role, answer);
  expect("GET", "/admin", "guarded");
  app.post("/admin", answer);
  expect("POST", "/admin", "open");
  app.route("/multi").get(G, answer).put(answer).delete(role, answer);
  expect("GET", "/multi", "guarded");
  expect("PUT", "/multi", "open");
  expect("DELETE", "/multi", "guarded");
  app.all("/every", G, answer);
  expect("*", "/every", "guarded");
  app.all("/every-open", answer);
  expect("*", "/every-open", "open");
  app.get(["/arr1", "/arr2/:id"], G, answer);
  expect("GET", "/arr1", "guarded");
  expect("GET", "/arr2/:id", "guarded");
  app.get(["/arr3", ["/arr4"]] as never, answer);
  expect("GET", "/arr3", "open");
  expect("GET", "/arr4", "open");
  app.get(/^\/rx\/(\d+)$/, answer);
  expect("GET", "RegExp(/^\\/rx\\/(\\d+)$/)", "open");
  app.get(/^\/rxg\/(\d+)$/, G, answer);
  expect("GET", "RegExp(/^\\/rxg\\/(\\d+)$/)", "guarded");
  app.get("/handler-first", answer, G);
  expect("GET", "/handler-first", "open");
  app.get("/loaded", load, G, answer);
  expect("GET", "/loaded", "guarded");
  app.route("/all-then-get").all(G).get(answer).post(answer);
  expect("GET", "/all-then-get", "guarded");
  expect("POST", "/all-then-get", "guarded");
  app.route("/get-then-all").get(answer).all(G);
  expect("GET", "/get-then-all", "open");
  app.get("/report", guardFor({ mode: "report" }), answer);
  expect("GET", "/report", "open");
  app.get("/optional", guardFor({ optional: true }), answer);
  expect("GET", "/optional", "open");
  app.get("/limit", guardFor({ kind: "limit" }), answer);
  expect("GET", "/limit", "open");
  app.get("/wrapped", (req, res, next) => G(req, res, next), answer);
  expect("GET", "/wrapped", "open");

  const users = express.Router({ mergeParams: true });
  const deep = express.Router();
  deep.get("/leaf", answer);
  deep.use("/secret", G);
  deep.get("/secret/a", answer);
  deep.get("/secretx", answer);
  users.get("/", answer);
  users.get("/:uid", role, answer);
  users.get("/:uid/edit.json", answer);
  users.use("/:uid/posts", deep);
  const deepUnder = (path4: string, isGuarded = false, path5 = path4): void => {
    const open = isGuarded ? "guarded" : "open";
    expect("GET", `${path4}/leaf`, open, `${path5}/leaf`);
    expect("GET", `${path4}/secret/a`, "guarded", `${path5}/secret/a`);
    expect("GET", `${path4}/secretx`, open, `${path5}/secretx`);
  };
  app.use("/api/v1.0/users", users);
  expect("GET", "/api/v1.0/users", "open");
  expect("GET", "/api/v1.0/users/:uid", "guarded");
  expect("GET", "/api/v1.0/users/:uid/edit.json", "open");
  deepUnder("/api/v1.0/users/:uid/posts");
  app.use("/tenants/:tenant", G, users);
  expect("GET", "/tenants/:tenant", "guarded");
  expect("GET", "/tenants/:tenant/:uid", "guarded");
  expect("GET", "/tenants/:tenant/:uid/edit.json", "guarded");
  deepUnder("/tenants/:tenant/:uid/posts", true);
  app.use(["/m1", "/m2/:q"], deep);
  deepUnder("/m1");
  deepUnder("/m2/:q");
  app.use(/^\/rxmount/, deep);
  expect("GET", "RegExp(/^\\/rxmount/)/leaf", "open");
  expect("GET", "RegExp(/^\\/rxmount/)/secret/a", "unresolved");
  expect("GET", "RegExp(/^\\/rxmount/)/secretx", "open");
  app.use(syntax("/opt/:lang?", "/opt{/:lang}"), deep);
  deepUnder("/opt/:lang?", false, "/opt{/:lang}");
  app.use(syntax("/files/*", "/files/*splat"), deep);
  for (const path of ["leaf", "secret/a", "secretx"]) {
    // A star takes all of the path: on Express 4 as well as on 5 nothing is left for the router.
    expect("GET", `/files/*/${path}`, "unresolved", `/files/*splat/${path}`);
  }

  const sub = express();
  sub.get("/s", answer);
  sub.get("/t", G, answer);
  app.use("/sub-app", sub);
  expect("GET", "/sub-app/s", "open");
  expect("GET", "/sub-app/t", "guarded");
  const below = express();
  below.get("/u", answer);
  sub.use("/below", G, below);
  expect("GET", "/sub-app/below/u", "guarded");

  // Ways past a guard.
  app.all(syntax("/adm/*", "/adm/*rest"), G);
  app.get("/adm", answer);
  expect("GET", "/adm", "open");
  app.get("/adm/users", answer);
  expect("GET", "/adm/users", "guarded");
  app.get("/adm/u/:id", answer);
  expect("GET", "/adm/u/:id", "guarded");
  app.use(/^\/px\/x1/, G);
  app.get("/px/:id", answer);
  expect("GET", "/px/:id", "open");
  app.use(/^\/not\/(?!login)[^/]+/, G);
  app.get("/not/:page", answer);
  expect("GET", "/not/:page", "open");
  const sensitive = express.Router({ caseSensitive: true });
  sensitive.use("/Secret", G);
  const insensitive = express.Router();
  insensitive.get("/Secret", answer);
  sensitive.use(insensitive);
  app.use("/cs", sensitive);
  expect("GET", "/cs/Secret", "open");
  app.use("/strict", G);
  app.get("/stricter", answer);
  expect("GET", "/stricter", "open");
  app.get("/twice", load, G, answer);
  expect("GET", "/twice", "guarded");
  app.get("/twice", answer);
  expect("GET", "/twice", "open");
  app.get("/first", G, load);
  expect("GET", "/first", "guarded");
  app.get("/first", answer);
  expect("GET", "/first", "guarded");
  app.route("/headless").head(load).get(G);
  expect("HEAD", "/headless", "open");
  app.get("/headless", answer);
  expect("GET", "/headless", "open");
  app.get("/posted", G);
  app.post("/posted", answer);
  expect("POST", "/posted", "open");
  app.use("/put-only", (req, res, next) => (req.method === "PUT" ? G(req, res, next) : next()));
  app.put("/put-only", answer);
  expect("PUT", "/put-only", "open");

  // Guards in a router of their own.
  const guards = express.Router();
  guards.use("/one", G);
  guards.all("/two", G);
  app.use("/side", guards);
  app.get("/side/one", answer);
  expect("GET", "/side/one", "guarded");
  app.get("/side/one/more", answer);
  expect("GET", "/side/one/more", "guarded");
  app.get("/side/two", answer);
  expect("GET", "/side/two", "guarded");
  const leaky = express.Router();
  leaky.use((_req, _res, next) => next("router"));
  leaky.use(G);
  app.use("/leaky", leaky);
  app.get("/leaky/one", answer);
  expect("GET", "/leaky/one", "open");

  app.get(syntax("/opt-id/:id?", "/opt-id{/:id}"), answer);
  expect("GET", "/opt-id/:id?", "open", "/opt-id{/:id}");
  app.use("/opt-in/:id", G);
  app.get(syntax("/opt-in/:id?", "/opt-in{/:id}"), answer);
  expect("GET", "/opt-in/:id?", "open", "/opt-in{/:id}");
  app.use("/pre-:a-:b", G);
  app.get("/pre-:a-:b/x", answer);
  expect("GET", "/pre-:a-:b/x", "guarded");
  app.get("/late", answer);
  expect("GET", "/late", "open");
  app.use("/late", G);
  app.use(G);
  app.get("/after", answer);
  expect("GET", "/after", "guarded");
  app.get(/^\/rxafter\/(\d+)$/, answer);
  expect("GET", "RegExp(/^\\/rxafter\\/(\\d+)$/)", "guarded");

  return {
    app,
    routes: expected.map(([method, path4, path5, status]) => [
      method,
      syntax(path4, path5),
      status,
    ]),
  };
}
