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
      baseline: side(
        "express-rate-limit, one limit, draft-8",
        expressRateLimit({
          windowMs: 60_000,
          limit: LIMIT,
          standardHeaders: "draft-8",
          legacyHeaders: false,
        }),
      ),
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

/** Windows so long that the buckets are still in use at the next request, as they are with real limits. */
function policies() {
  return ["30d", "90d", "366d"].map((window) => ({
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
