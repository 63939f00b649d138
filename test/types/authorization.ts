import type { Request, RequestHandler } from "express";
import {
  all,
  allowFields,
  any,
  authenticated,
  authorize,
  authzen,
  claim,
  declarePublic,
  defineRoles,
  not,
  opa,
  owner,
  ownParam,
  type PolicyEngine,
  permission,
  policy,
  type Rule,
  requireOwnership,
  requirePermission,
  requireRole,
  requireScope,
  requireStepUp,
  role,
  sameTenant,
  scope,
  stepUp,
  when,
} from "express-secure-api/authorization";
import {
  enrichPrincipal,
  getPrincipal,
  type Principal,
  type PrincipalEnrichment,
  principalFrom,
  session,
} from "express-secure-api/principal";
import { assertType, type Equal } from "./equal.js";

const editor: Rule = any(role("admin"), all(role("editor", "author"), not(scope("readonly"))));
export const handlers: readonly RequestHandler[] = [
  requireRole("admin", "editor"),
  requireRole("admin", { mode: "report" }),
  requireScope("orders:read", "orders:write", { realm: "orders" }),
  requireScope.any("orders:read", "orders:write"),
  authorize(editor, { onDenied: "next" }),
  authorize(authenticated()),
  authorize(all(authenticated(), not(role("suspended"))), { mode: "report" }),
  requirePermission("orders:write", { mode: "report" }),
  requirePermission.any("orders:read", "orders:write"),
  requireStepUp({ acr: ["phr"], maxAge: "5m", realm: "orders" }),
  declarePublic("probe"),
  authorize(permission("a")),
  authorize(claim(["address", "country"], "DE")),
  authorize(claim("level", async (value) => value === 3)),
  authorize(stepUp({ amr: "mfa" })),
  authorize(when("own record", async (principal, req) => req.params["id"] === principal.subject)),
  principalFrom(() => null),
  principalFrom((req) => ({ subject: req.get("x-user"), roles: ["editor"] })),
];

const roles = defineRoles({ viewer: {}, admin: { includes: "viewer", permissions: ["a"] } });
export const byTable: readonly RequestHandler[] = [
  roles.requireRole("admin", "viewer", { mode: "report" }),
  roles.requirePermission("a", { realm: "orders" }),
  authorize(all(roles.role("viewer"), roles.permission("a", "b"))),
];
// @ts-expect-error no such role
roles.requireRole("admn");
// @ts-expect-error no such role
roles.role("viewer", "admn");
// @ts-expect-error a role has no such member
defineRoles({ admin: { can: "everything" } });
// @ts-expect-error a condition says true or false
when("own record", () => "yes");
// @ts-expect-error a condition needs a name
when(() => true);
// @ts-expect-error a value, not a list of them
claim("groups", ["a"]);
// @ts-expect-error a duration with a unit
stepUp({ maxAge: 300 });
// @ts-expect-error why it is open
declarePublic();

export function read(req: Request): readonly string[] {
  const principal = getPrincipal(req);
  assertType<Equal<typeof principal, Principal | null>>();
  // @ts-expect-error there may be none
  principal.roles;
  // @ts-expect-error read-only
  principal?.roles.push("admin");
  return principal?.roles ?? [];
}

// @ts-expect-error at least one role
requireRole();
// @ts-expect-error at least one role
requireRole({ mode: "report" });
// @ts-expect-error options come last
requireRole({ mode: "report" }, "admin");
// @ts-expect-error names, not a list
requireRole(["admin"]);
// @ts-expect-error at least one scope
requireScope();
// @ts-expect-error a rule, not what makes it
authorize(authenticated);
// @ts-expect-error it has no arguments
authenticated("admin");
// @ts-expect-error a rule, not its name
authorize("admin");
// @ts-expect-error rules are made by the functions, so that all of them are checked
authorize({ description: "role(admin)" });
principalFrom(async () => null);
principalFrom(async () => ({ subject: "alice" }));
// @ts-expect-error a promise of a text is no principal
principalFrom(async () => "alice");
interface UserSession {
  readonly userId?: string;
}
session((given: UserSession) => (given.userId === undefined ? null : { subject: given.userId }));
session(async ({ userId }: UserSession, req) => ({ subject: userId, tenant: req.hostname }), {
  mode: "report",
  onDenied: "next",
});
session((given) => (typeof given["userId"] === "string" ? { subject: given["userId"] } : null));
// @ts-expect-error what stands in a session is not known to be a text
session((given) => ({ subject: given["userId"] }));
// @ts-expect-error a promise of a text is no principal
session(async () => "alice");
// @ts-expect-error that is an option of the package that makes sessions
session(() => null, { secret: "s" });
const row: PrincipalEnrichment = { roles: ["admin"], tenant: null };
enrichPrincipal(() => row);
enrichPrincipal(async ({ subject }, req) => ({ groups: [`${subject}@${req.hostname}`] }), {
  replace: ["groups", "tenant"],
  cache: { time: "30s", size: 100 },
  onDenied: "next",
});
enrichPrincipal(async () => null, { replace: "roles", mode: "report" });
// @ts-expect-error a function that returns nothing says nothing
enrichPrincipal(async () => undefined);
// @ts-expect-error what a client may do is not the database's to say
enrichPrincipal(() => ({ scopes: ["orders:write"] }));
// @ts-expect-error a list of roles
enrichPrincipal(() => ({ roles: "admin" }));
// @ts-expect-error for how long must be said
enrichPrincipal(() => null, { cache: {} });
// @ts-expect-error nobody is renamed
enrichPrincipal(() => null, { replace: "subject" });
// @ts-expect-error whose field counts must be said
principalFrom.header({ name: "x-user" });
// @ts-expect-error an option that is none
requireScope("orders:read", { scope: "orders:write" });

interface Order {
  readonly id: number;
  readonly userId: string;
  readonly placed: Date;
}
declare function findOrder(id: unknown): Promise<Order | null>;
const ownOrder = requireOwnership({ load: (req) => findOrder(req.params["id"]), owner: "userId" });
export function orderOf(req: Request): string {
  const order = ownOrder.object(req);
  assertType<Equal<typeof order, Order>>();
  return order.userId;
}
const ownOrders = requireOwnership({
  load: async (): Promise<readonly (Order | undefined)[]> => [],
  owner: (order) => [order.userId],
  orElse: role("admin"),
});
assertType<Equal<ReturnType<typeof ownOrders.object>, readonly (Order | undefined)[]>>();
requireOwnership({ load: () => findOrder(1), owner: async ({ id }) => id });
requireOwnership({ load: (req: Request<{ id: string }>) => findOrder(req.params.id), owner: "id" });
// @ts-expect-error a member that the object does not have
requireOwnership({ load: () => findOrder(1), owner: "userID" });
// @ts-expect-error a date is no id
requireOwnership({ load: () => findOrder(1), owner: (order) => order.placed });
// @ts-expect-error whose it is must be said
requireOwnership({ load: () => findOrder(1) });
// @ts-expect-error a rule
requireOwnership({ load: () => findOrder(1), owner: "userId", orElse: "admin" });
export const objects: readonly RequestHandler[] = [ownOrder, ownOrders];

owner("userId");
owner<Order>("userId");
// @ts-expect-error a member that the object does not have
owner<Order>("userID");
owner((order: Order) => order.userId);
sameTenant<Order>(async (order) => [order.userId, order.id]);
// @ts-expect-error an object is no id
owner((order: Order) => ({ id: order.userId }));
const loaded = authorize(any(role("admin"), owner<Order>("userId")), { load: () => findOrder(1) });
assertType<Equal<ReturnType<typeof loaded.object>, Order>>();
// @ts-expect-error nothing is loaded
authorize(role("admin")).object;

ownParam("userId", { claim: ["org", "id"], orElse: role("admin"), mode: "report" });
// @ts-expect-error there is no object
ownParam("userId", { load: () => null });
allowFields({ write: ["name", ["address", "city"]], onViolation: "strip" });
allowFields({ read: { "*": ["id"], admin: ["email"] } });
allowFields({ write: async (principal, req) => [principal?.subject ?? req.method] });
// @ts-expect-error a list
allowFields({ write: { admin: "name" } });
// @ts-expect-error one of two
allowFields({ write: ["name"], onViolation: "drop" });
const engine: PolicyEngine = { name: "own", decide: async () => ({ allow: true }) };
authorize(
  policy(engine, (principal, req) => ({ resource: { type: principal.kind, id: req.path } })),
);
authorize(
  policy(authzen({ url: "https://pdp.example" }), async () => ({ resource: { type: "a" } })),
);
opa({
  url: "https://opa.example",
  path: "a/allow",
  token: async () => "t",
  breaker: { failures: 3 },
});

// @ts-expect-error a decision has allow
const none: PolicyEngine = { name: "own", decide: () => ({}) };
authorize(policy(none, () => ({ resource: { type: "a" } })));
// @ts-expect-error a question has a resource
policy(engine, () => ({ subject: { type: "user", id: "1" } }));
// @ts-expect-error an id is a text
policy(engine, () => ({ resource: { type: "order", id: 1 } }));
// @ts-expect-error OPA needs the path of a document
opa({ url: "https://opa.example" });
