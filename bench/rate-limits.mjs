import { rateLimit as expressRateLimit } from "express-rate-limit";
import flexible from "rate-limiter-flexible";
import { requireFromLibrary } from "./library.mjs";
import { LIMIT } from "./workload.mjs";

const { rateLimit } = requireFromLibrary("rate-limit");

/** Limits in memory, beside those of express-rate-limit and of rate-limiter-flexible. */
export function rateLimits({ prepareWith, runMiddleware }) {
  const side = (name, middleware) => ({
    name,
    prepare: prepareWith(middleware),
    run: runMiddleware,
  });
  const what = "rate limit in memory";
  return [
    {
      id: "rateLimit",
      what,
      subject: side(
        "`rateLimit`, three policies, all headers",
        rateLimit({ policies: policies() }),
      ),
      baseline: side("express-rate-limit, one limit, draft-8", peer()),
    },
    {
      id: "rateLimitFields",
      what,
      subject: side("the five fields of such an answer alone, always the same", setFields),
      baseline: side("express-rate-limit, one limit, draft-8", peer()),
    },
    {
      id: "rateLimitFlexible",
      what,
      subject: side(
        "`rateLimit`, one policy, `X-RateLimit` headers",
        rateLimit({ ...policies()[0], headers: { ietf: false } }),
      ),
      baseline: side("rate-limiter-flexible with three headers by hand", byHand()),
    },
  ];
}

function peer() {
  return expressRateLimit({
    windowMs: 60_000,
    limit: LIMIT,
    standardHeaders: "draft-8",
    legacyHeaders: false,
  });
}

/** What no limiter that sends these fields can save. */
function setFields(_req, res, next) {
  res.setHeader("RateLimit-Policy", SAME.policies);
  res.setHeader("RateLimit", SAME.limits);
  res.setHeader("X-RateLimit-Limit", "100000000");
  res.setHeader("X-RateLimit-Remaining", "99999999");
  res.setHeader("X-RateLimit-Reset", "1800000000");
  next();
}

const WINDOWS = { "30d": 2592000, "90d": 7776000, "366d": 31622400 };
const SAME = {
  policies: Object.entries(WINDOWS)
    .map(([name, w]) => `"per-${name}";q=${LIMIT};w=${w}`)
    .join(", "),
  limits: Object.entries(WINDOWS)
    .map(([name, w]) => `"per-${name}";r=${LIMIT - 1};t=${w}`)
    .join(", "),
};

/** Windows so long that the buckets are still in use at the next request, as they are with real limits. */
function policies() {
  return Object.keys(WINDOWS).map((window) => ({
    name: `per-${window}`,
    limit: LIMIT,
    window,
    key: "ip",
  }));
}

/** As its documentation shows it. */
function byHand() {
  const limiter = new flexible.RateLimiterMemory({ points: LIMIT, duration: 60 });
  return (req, res, next) => {
    limiter.consume(req.ip).then(
      ({ remainingPoints, msBeforeNext }) => {
        res.setHeader("X-RateLimit-Limit", LIMIT);
        res.setHeader("X-RateLimit-Remaining", remainingPoints);
        res.setHeader("X-RateLimit-Reset", Math.ceil((Date.now() + msBeforeNext) / 1000));
        next();
      },
      () => res.status(429).send("Too Many Requests"),
    );
  };
}
