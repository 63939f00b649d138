import { createPublicKey, verify } from "node:crypto";
import { subject as caslSubject, createMongoAbility } from "@casl/ability";
import permissions from "express-jwt-permissions";
import { requiredScopes } from "express-oauth2-jwt-bearer";
import { auditRecords } from "./audit-records.mjs";
import { createExchange } from "./fake-exchange.mjs";
import { requireFromLibrary, requireInternal } from "./library.mjs";
import { logVerification } from "./log-verification.mjs";
import { rateLimits } from "./rate-limits.mjs";
import { securityHeaders } from "./security-headers.mjs";
import { AUDIENCE, SCOPE } from "./workload.mjs";

const { oauthGuard } = requireFromLibrary("oauth-guard");
const { requireScope } = requireFromLibrary("authorization");
const { all, any, not, role, scope } = await requireInternal("authorization/index.js");
const { logicOf } = await requireInternal("authorization/rule/rule.js");
const { createPrincipal } = await requireInternal("core/principal/principal.js");

/** Single parts of the library, each beside what it is compared with. */
export function comparisons(context) {
  return [
    firstSight(context),
    ...authorizations(context),
    ...rules(),
    ...rateLimits({ prepareWith, runMiddleware }),
    ...securityHeaders({ exchanges, runMiddleware }),
    ...auditRecords(context, prepareWith),
    logVerification(context),
  ];
}

function firstSight({ jwks, issuer, tokens }) {
  const key = createPublicKey({ key: jwks.keys[0], format: "jwk" });
  const signed = tokens.map((token) => {
    const end = token.lastIndexOf(".");
    return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), "base64url")];
  });
  return {
    id: "firstSight",
    what: "first sight of an RS256 token",
    subject: {
      name: "`oauthGuard` with an empty cache",
      prepare: (count) => {
        const guard = oauthGuard({ issuer, audience: AUDIENCE, jwks });
        return exchanges(count, tokens).map((exchange) => ({ ...exchange, middleware: guard }));
      },
      run: runMiddleware,
    },
    baseline: {
      name: "raw `crypto.verify` with a `KeyObject`",
      prepare: (count) =>
        Array.from({ length: count }, (_, index) => signed[index % signed.length]),
      run: (inputs) => {
        for (const [input, signature] of inputs) {
          if (!verify("RSA-SHA256", input, key, signature))
            throw new Error("a signature does not verify");
        }
      },
    },
  };
}

function authorizations({ jwks, issuer, tokens }) {
  const guard = oauthGuard({ issuer, audience: AUDIENCE, jwks });
  const own = requireScope(SCOPE);
  const theirs = requiredScopes(SCOPE);
  const claims = JSON.parse(Buffer.from(tokens[0].split(".")[1], "base64url"));
  const checked = permissions({ requestProperty: "auth", permissionsProperty: "payload.scope" });
  const subject = {
    name: "`requireScope`",
    prepare: async (count) => {
      const inputs = exchanges(count, tokens).map((exchange) => ({
        ...exchange,
        middleware: guard,
      }));
      await runMiddleware(inputs);
      return inputs.map(({ req, res }) => ({ req, res, middleware: own }));
    },
    run: runMiddleware,
  };
  const baseline = (name, middleware) => ({
    name,
    prepare: (count) =>
      exchanges(count).map(({ req, res }) => {
        req.auth = { header: {}, payload: { ...claims }, token: "" };
        return { req, res, middleware };
      }),
    run: runMiddleware,
  });
  const what = "one scope required of a verified token";
  return [
    {
      id: "authorization",
      what,
      subject,
      baseline: baseline("`requiredScopes` of express-oauth2-jwt-bearer", theirs),
    },
    {
      id: "permissions",
      what,
      subject,
      baseline: baseline("`check` of express-jwt-permissions", checked.check(SCOPE)),
    },
  ];
}

/** How often each input is judged: one judgement is shorter than the clock's tick. */
const JUDGEMENTS = 200;

/** Rules alone, without the middleware around them. */
function rules() {
  const rule = any(role("admin"), all(scope(SCOPE), not(role("suspended"))));
  const { judge } = logicOf(rule);
  const ability = createMongoAbility([
    { action: "manage", subject: "all", conditions: { role: "admin" } },
    { action: "create", subject: "Order", conditions: { ownerId: "user-7" } },
  ]);
  return [
    {
      id: "rule",
      what: "a rule of four parts, judged",
      times: JUDGEMENTS,
      subject: {
        name: "`any(role, all(scope, not(role)))`",
        prepare: (count) =>
          Array.from({ length: count }, (_, index) =>
            createPrincipal({ subject: `user-${index}`, roles: ["editor"], scopes: ["a", SCOPE] }),
          ),
        run: (principals) => {
          for (const principal of principals) {
            for (let turn = 0; turn < JUDGEMENTS; turn += 1) {
              if (judge(principal, undefined, undefined).effect !== "allow")
                throw new Error("the rule refuses");
            }
          }
        },
      },
      baseline: {
        name: "`ability.can` of CASL, two rules",
        prepare: (count) =>
          Array.from({ length: count }, () => caslSubject("Order", { ownerId: "user-7" })),
        run: (orders) => {
          for (const order of orders) {
            for (let turn = 0; turn < JUDGEMENTS; turn += 1) {
              if (!ability.can("create", order)) throw new Error("CASL refuses");
            }
          }
        },
      },
    },
  ];
}

function prepareWith(middleware) {
  return (count) => exchanges(count).map((exchange) => ({ ...exchange, middleware }));
}

function exchanges(count, tokens) {
  return Array.from({ length: count }, (_, index) =>
    createExchange(index, tokens?.[index % tokens.length]),
  );
}

/** Resolves when every middleware has called `next`; the ones that are synchronous cost no promise each. */
function runMiddleware(inputs) {
  return new Promise((resolve, reject) => {
    let left = inputs.length;
    const next = (error) => {
      left -= 1;
      // Some say `null` for no error.
      if (error !== undefined && error !== null) reject(error);
      else if (left === 0) resolve();
    };
    for (const { middleware, req, res } of inputs) middleware(req, res, next);
  });
}
