import { median, medianRatio, quantile } from "../statistics.mjs";
import { formatTable } from "../table.mjs";

const LABELS = {
  one: "`rateLimit`, one token bucket, all headers",
  window: "`rateLimit`, one fixed window, `X-RateLimit` headers",
  three: "`rateLimit`, three token buckets, all or nothing, all headers",
  express: "express-rate-limit with rate-limit-redis, one limit, draft-8",
  flexibleOne: "rate-limiter-flexible, one limit, three headers by hand",
  flexibleThree: "rate-limiter-flexible, three limits, each for itself",
};

/** What is set beside what: ours, then the peer. */
const PAIRS = [
  ["redisOne", "one", "express"],
  ["redisWindow", "window", "flexibleOne"],
  ["redisThree", "three", "flexibleThree"],
];

const OUTAGE = {
  well: "Redis answers",
  first: "Redis has just stopped: the first 20 at once",
  later: "Redis hangs, and the breaker is open",
  timer: "a timer of 75 ms in place of the limit",
};

/** Milliseconds that a request waits for a store, `storeTimeout`. */
const DEADLINE_MS = 75;

/** @returns Markdown, and the ratios by name. */
export function reportRedis({ costs, outage }, budgets) {
  const figure = (id, name) => median(costs[id].map((sample) => sample[name]));
  const rows = Object.keys(LABELS).map((id) => [
    LABELS[id],
    figure(id, "calls").toFixed(0),
    figure(id, "process").toFixed(0),
    figure(id, "redis").toFixed(0),
    figure(id, "script").toFixed(0),
    figure(id, "perSecond").toFixed(0),
  ]);
  const ratios = {};
  const compared = PAIRS.map(([id, own, peer]) => {
    const ratio = (name) =>
      medianRatio(
        costs[own].map((sample) => sample[name]),
        costs[peer].map((sample) => sample[name]),
      );
    ratios[id] = ratio("redis");
    return [`${LABELS[own]} ÷ ${LABELS[peer]}`, ratio("process").toFixed(2), ratios[id].toFixed(2)];
  });
  const part = (id, what, share) =>
    quantile(
      outage[id].map((times) => times[what]),
      share,
    );
  const waits = Object.keys(OUTAGE).map((id) => [
    OUTAGE[id],
    ...["added", "total"].flatMap((what) =>
      [0.5, 0.99, 1].map((share) => part(id, what, share).toFixed(1)),
    ),
  ]);
  ratios.outage = part("first", "added", 0.99);
  ratios.outageOpen = part("later", "added", 0.99);
  const head = ["limits in Redis", "calls", "CPU µs", "Redis CPU µs", "script µs", "per second"];
  const aim = budgets.outage ?? DEADLINE_MS + 5;
  return {
    text: [
      formatTable(head, rows),
      formatTable(["beside", "CPU ratio", "Redis CPU ratio"], compared),
      `p99 of what the limit adds to a request while the store hangs: ${ratios.outage.toFixed(1)} ms at first, ${ratios.outageOpen.toFixed(1)} ms once the breaker is open; aim ${aim} ms, the deadline + 5 ms. A plain timer of the deadline: ${part("timer", "added", 0.99).toFixed(1)} ms.`,
      formatTable(
        ["milliseconds", "added: p50", "p99", "longest", "over HTTP: p50", "p99", "longest"],
        waits,
      ),
    ].join("\n\n"),
    ratios,
  };
}
