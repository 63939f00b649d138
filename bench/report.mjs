import { median, medianRatio } from "./statistics.mjs";
import { formatTable } from "./table.mjs";

const LABELS = {
  bare: "bare: Express 5, `express.json()`, one route",
  ours: "`secureApi()` with everything on, `requireScope`, `validate`",
  peers:
    "helmet, cors, express-rate-limit, express-oauth2-jwt-bearer, express-validator, pino-http",
  "by-hand":
    "helmet, cors, jsonwebtoken + jwks-rsa, rate-limiter-flexible, express-validator, winston",
  fastify: "Fastify, @fastify/helmet, cors, rate-limit, jwt, JSON Schema, pino",
  "fastify-cached": "the same with the token cache of @fastify/jwt",
};

/** What `secureApi()` may cost, as a ratio to other stacks; the first two are what `--check` enforces. */
const STACK_BUDGETS = [
  { what: "÷ bare", stack: "bare", limit: 1.5, checked: true },
  { what: "÷ peers", stack: "peers", limit: 0.3, checked: true },
  { what: "÷ Fastify", stack: "fastify", limit: 1.0, checked: false },
  { what: "÷ Fastify with token cache", stack: "fastify-cached", limit: undefined, checked: false },
];

/** @returns the text, and whether a budget that `--check` enforces is missed. */
export function reportStacks(results) {
  const bare = results.get("bare");
  const ours = results.get("ours");
  const rows = [...results].map(([stack, costs]) => [
    LABELS[stack],
    `${median(costs).toFixed(0)} (${Math.min(...costs).toFixed(0)}–${Math.max(...costs).toFixed(0)})`,
    medianRatio(costs, bare).toFixed(2),
    ours === undefined ? "" : medianRatio(costs, ours).toFixed(2),
  ]);
  const text = formatTable(
    ["stack", "CPU µs per request (min–max)", "÷ bare", "÷ `secureApi()`"],
    rows,
  );
  if (ours === undefined) return { text, missed: false };

  let missed = false;
  const budgets = STACK_BUDGETS.filter(({ stack }) => results.has(stack)).map(
    ({ what, stack, limit, checked }) => {
      const ratio = medianRatio(ours, results.get(stack));
      if (checked && ratio > limit) missed = true;
      return [`\`secureApi()\` ${what}`, ...verdict(ratio, limit)];
    },
  );
  return {
    text: `${text}\n\n${formatTable(["budget", "measured", "at most", ""], budgets)}`,
    missed,
  };
}

export function reportParts(results) {
  const rows = results.flatMap(({ what, name, microseconds, baselines }) =>
    baselines.map((baseline) => [
      `${what}: ${name} ÷ ${baseline.name}`,
      `${microseconds.toFixed(1)} ÷ ${baseline.microseconds.toFixed(1)}`,
      ...verdict(baseline.ratio, baseline.budget),
    ]),
  );
  return formatTable(["part", "CPU µs", "ratio", "at most", ""], rows);
}

/** Only this subpath has a budget of its own: the others load what their dependencies load. */
const LOAD_BUDGETS = { "secure-headers": 1.3 };

export function reportLoadTimes(results) {
  const rows = results.map(
    ({ subpath, dependencies, milliseconds, files, dependencyMilliseconds, ratio }) => [
      `${subpath} ÷ ${dependencies.length === 0 ? "nothing" : dependencies.join(" + ")}`,
      `${milliseconds.toFixed(1)} ÷ ${dependencyMilliseconds?.toFixed(1) ?? "–"}`,
      String(files),
      ...verdict(ratio, LOAD_BUDGETS[subpath]),
    ],
  );
  return formatTable(["`require()`", "ms", "files", "ratio", "at most", ""], rows);
}

function verdict(ratio, limit) {
  const measured = ratio === undefined ? "–" : ratio.toFixed(2);
  if (limit === undefined || ratio === undefined) return [measured, "–", ""];
  return [measured, limit.toFixed(2), ratio <= limit ? "met" : "MISSED"];
}
