// A middleware of ours in a route leaves the types of the route as they are without it.
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from "express";
import { auditLog } from "express-secure-api/audit-log";
import { authorize, requireRole, requireScope, role } from "express-secure-api/authorization";
import { errorHandler, type Middleware, notFound } from "express-secure-api/errors";
import { formBody, jsonBody, structuralGuard } from "express-secure-api/json-body";
import { oauthGuard } from "express-secure-api/oauth-guard";
import { principalFrom } from "express-secure-api/principal";
import { rateLimit } from "express-secure-api/rate-limit";
import { secureApi } from "express-secure-api/secure-api";
import { secureHeaders } from "express-secure-api/secure-headers";
import { validate } from "express-secure-api/validate";
import { assertType, type Equal } from "./equal.js";

const app = express();
const router = Router();

const identity = { issuer: "https://id.example.com", audience: "https://api.example.com" };
const admin = requireRole("admin");
const guard = oauthGuard(identity);
const limit = rateLimit({ limit: 100, window: "1m" });
const audit = auditLog();
const preset = secureApi({ oauthGuard: identity, rateLimit: false });
const header = principalFrom.header({ name: "x-user", trustedPeers: "10.0.0.1" });
// `as const` for TypeScript before 5.0, which sees no literal without it.
const order = validate({
  body: { type: "object", required: ["item"], properties: { item: { type: "string" } } } as const,
});
const page = validate({ query: { type: "object", properties: { page: { type: "integer" } } } });
declare const typed: RequestHandler<
  { id: string },
  unknown,
  unknown,
  { q?: string },
  { user: string }
>;

/** What a handler of `/:id` sees. */
type Seen<
  Req extends { params: { id: unknown }; query: unknown; body: unknown },
  Res extends { locals: unknown },
> = [Req["params"]["id"], Req["query"], Req["body"], Res["locals"]];
// biome-ignore lint/suspicious/noExplicitAny: Express's own type of req.body.
type Alone = [string, Request["query"], any, Response["locals"]];

// Each alone, and the test itself: without any, and with a handler that does narrow.
app.get("/:id", (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", typed, (req, res) => {
  // @ts-expect-error `typed` has types of its own
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>();
});
app.get("/:id", admin, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", requireScope("a"), (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.get("/:id", requireScope.any("a", "b"), (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.get("/:id", authorize(role("admin")), (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.get("/:id", guard, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get(
  "/:id",
  principalFrom(() => null),
  (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.get("/:id", header, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", limit, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", secureHeaders(), (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.get("/:id", audit, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", preset, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", jsonBody(), (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", formBody(), (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", structuralGuard(), (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.get("/:id", notFound(), (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.get("/:id", page, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());

// Several in a row, wherever handlers can stand.
app.get("/:id", audit, limit, guard, admin, page, (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.use("/:id", guard, admin, (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app.all("/:id", guard, admin, (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
app
  .route("/:id")
  .get(guard, admin, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
router.get("/:id", guard, admin, (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
router.use("/:id", guard, admin, (req, res) =>
  assertType<Equal<Seen<typeof req, typeof res>, Alone>>(),
);
router
  .route("/:id")
  .post(guard, admin, page, (req, res) => assertType<Equal<Seen<typeof req, typeof res>, Alone>>());
app.use(
  audit,
  secureHeaders(),
  limit,
  guard,
  jsonBody(),
  formBody(),
  page,
  order,
  notFound(),
  errorHandler(),
);
app.use([audit, guard], preset);
app.use("/api", guard, router);
app.use((req, res, next) => admin(req, res, next));

// Beside a handler with types of its own, that one's count.
app.get("/:id", admin, typed);
app.route("/:id").get(guard, typed, admin);
app.get("/:id", guard, typed, admin, limit, (req, res) => {
  assertType<Equal<typeof req.params, { id: string }>>();
  assertType<Equal<typeof req.query, { q?: string }>>();
  assertType<Equal<typeof res.locals.user, string>>();
  // @ts-expect-error not in the type of the query
  req.query.page;
});

// Only validate types something: the body.
app.post("/:id", guard, order, admin, (req, res) => {
  assertType<Equal<typeof req.body, { item: string }>>();
  assertType<Equal<typeof req.params.id, string>>();
  assertType<Equal<typeof req.query, Request["query"]>>();
  assertType<Equal<typeof res.locals, Response["locals"]>>();
  // @ts-expect-error not in the schema
  req.body.price;
});
router.route("/:id").post(order, admin, (req) => {
  assertType<Equal<typeof req.body, { item: string }>>();
  assertType<Equal<typeof req.params.id, string>>();
});
app.post("/:id", guard, order, typed, (req, res) => {
  assertType<Equal<typeof req.params, { id: string }>>();
  assertType<Equal<typeof req.query, { q?: string }>>();
  assertType<Equal<typeof res.locals.user, string>>();
});

// They are handlers of Express, and can be called as such.
export const handlers: readonly RequestHandler[] = [admin, guard, limit, audit, preset, order];
export const narrow: RequestHandler<{ id: string }, string, string, { q: string }> = guard;
export const middlewares: readonly Middleware[] = [admin, guard, limit, audit, preset, header];
export function call(req: Request<{ id: string }>, res: Response, next: NextFunction): void {
  admin(req, res, next);
  guard(req, res, (error) => next(error));
}
// @ts-expect-error what validate demands of the body is no demand on every route
export const untyped: readonly Middleware[] = [order];
// @ts-expect-error no request of Express
admin({ headers: {} }, {}, () => {});

// What the factories return can be named in the declarations of an app.
export const chain = [admin, guard, limit, audit, preset, header, order, page] as const;
export function lastHandlers() {
  return [notFound(), errorHandler()] as const;
}
