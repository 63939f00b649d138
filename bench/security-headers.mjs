import { randomBytes } from "node:crypto";
import cors from "cors";
import helmet from "helmet";
import { requireFromLibrary } from "./library.mjs";

const { secureHeaders } = requireFromLibrary("secure-headers");

/** Those that `secureHeaders` exposes by itself: what limits and guards say to pages. */
const EXPOSED = [
  "RateLimit",
  "RateLimit-Policy",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "Retry-After",
  "WWW-Authenticate",
  "DPoP-Nonce",
  "X-Request-Id",
];
const PEERS = "`helmet()` and `cors()` with the same origins and exposed headers";
const ORIGIN = "https://app.example.com";

/** Headers and CORS in one pass, and a policy with a nonce, beside helmet and cors as an app mounts them. */
export function securityHeaders({ exchanges, runMiddleware }) {
  const side = (name, middleware, origin) => ({
    name,
    prepare: (count) =>
      exchanges(count).map((exchange) => {
        if (origin !== undefined) exchange.req.headers.origin = origin;
        exchange.res.locals = {};
        return { ...exchange, middleware };
      }),
    run: runMiddleware,
  });
  const own = { origins: [ORIGIN], credentials: true };
  const theirs = cors({ origin: [ORIGIN], credentials: true, exposedHeaders: EXPOSED });
  return [
    {
      id: "securityHeaders",
      what: "security headers and CORS, for a page of another origin",
      subject: side("`secureHeaders` in one pass", secureHeaders({ cors: own }), ORIGIN),
      baseline: side(PEERS, inTurn(helmet(), theirs), ORIGIN),
    },
    {
      id: "securityHeadersAlone",
      what: "the same, for a request without `Origin`",
      subject: side("`secureHeaders` in one pass", secureHeaders({ cors: own })),
      baseline: side(PEERS, inTurn(helmet(), theirs)),
    },
    {
      id: "cspNonce",
      what: "a nonce for each answer",
      subject: side(
        '`secureHeaders({ preset: "helmet", csp: { nonce } })`',
        secureHeaders({ preset: "helmet", csp: { nonce: "scriptSrc" } }),
      ),
      baseline: side("helmet with a function, as its guide shows it", inTurn(giveNonce, nonces())),
    },
  ];
}

function giveNonce(_req, res, next) {
  res.locals.cspNonce = randomBytes(32).toString("hex");
  next();
}

function nonces() {
  const scriptSrc = ["'self'", (_req, res) => `'nonce-${res.locals.cspNonce}'`];
  return helmet({ contentSecurityPolicy: { directives: { scriptSrc } } });
}

/** Two middlewares as Express runs them, without what Express adds. */
function inTurn(first, second) {
  return (req, res, next) => {
    first(req, res, (error) => {
      if (error === undefined) second(req, res, next);
      else next(error);
    });
  };
}
