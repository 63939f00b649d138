import { isBare, STACKS } from "./stack-list.mjs";
import { median, medianRatio } from "./statistics.mjs";
import { formatTable } from "./table.mjs";

/** What `secureApi()` is compared with: whole costs, or what is added to the bare framework of each. */
const COMPARISONS = [
  { id: "bare", stack: "bare", what: "`secureApi()` ÷ bare Express" },
  { id: "floor", stack: "floor", what: "`secureApi()` ÷ the same by hand for this route alone" },
  { id: "addedByPeers", stack: "peers", added: "the peers" },
  {
    id: "fastifyCached",
    stack: "fastify-cached",
    what: "`secureApi()` ÷ Fastify with token cache",
  },
  { id: "fastify", stack: "fastify", what: "`secureApi()` ÷ Fastify without token cache" },
  { id: "addedByHand", stack: "by-hand", added: "our dependencies by hand" },
  {
    id: "addedByFastifyCached",
    stack: "fastify-cached",
    added: "Fastify's plugins with token cache",
  },
  { id: "addedByFastify", stack: "fastify", added: "Fastify's plugins without token cache" },
];

/** Names in the one-line summary. */
const BRIEF = {
  bare: "`secureApi()` ÷ bare Express",
  floor: "÷ the same by hand",
  addedByPeers: "added ÷ added by the peers",
  fastifyCached: "÷ Fastify with token cache",
  fastify: "÷ Fastify without",
  firstSight: "first sight of a token",
  authorization: "authorization rule",
  rateLimit: "rate limit in memory",
  securityHeaders: "security headers and CORS",
  cspNonce: "nonce",
  bytesPerKey: "bytes per key",
  auditRecord: "audit record",
  verifyLog: "verifying a line of a log ÷ reading and hashing it",
  require: "`require()` of the preset",
  startUp: "start-up",
  blockedLoop: "blocked loop in ms",
  redisOne: "limit in Redis, CPU of Redis ÷ rate-limit-redis",
  outage: "p99 while the store hangs in ms",
};

/** @returns Markdown, and the ratios by name. */
export function reportStacks(costs, budgets) {
  const ours = costs.get("ours");
  const rows = [...costs].map(([stack, values]) => [
    STACKS[stack].label,
    `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`,
    isBare(stack) ? "–" : median(addedBy(stack, costs)).toFixed(0),
    medianRatio(values, costs.get("bare")).toFixed(2),
    ours === undefined ? "–" : medianRatio(values, ours).toFixed(2),
  ]);
  const table = formatTable(
    ["stack", "CPU µs per request (min–max)", "added µs", "÷ bare Express", "÷ `secureApi()`"],
    rows,
  );
  if (ours === undefined) return { text: table, ratios: {} };

  const findings = COMPARISONS.filter(({ stack }) => costs.has(stack)).map(
    ({ id, stack, what, added }) => ({
      id,
      what: what ?? `added by \`secureApi()\` ÷ added by ${added}`,
      ratio:
        added === undefined
          ? medianRatio(ours, costs.get(stack))
          : medianRatio(addedBy("ours", costs), addedBy(stack, costs)),
    }),
  );
  const verdicts = findings.map(({ id, what, ratio }) => [what, ...verdict(ratio, budgets[id])]);
  return {
    text: `${table}\n\n${formatTable(["budget", "measured", "at most", ""], verdicts)}`,
    ratios: ratiosOf(findings),
  };
}

export function reportParts({ results, keySizes }, budgets) {
  const rows = results.map(({ id, what, name, microseconds, baseline, ratio }) => [
    `${what}: ${name} ÷ ${baseline.name}`,
    `${shown(microseconds)} ÷ ${shown(baseline.microseconds)}`,
    ...verdict(ratio, budgets[id]),
  ]);
  return {
    text: `${formatTable(["part", "CPU µs", "ratio", "at most", ""], rows)}\n\n${reportKeySizes(keySizes, budgets)}`,
    ratios: { ...ratiosOf(results), bytesPerKey: keySizes.bytes },
  };
}

/** What one client costs in memory, where 100,000 of them are counted. */
function reportKeySizes({ bytes, rows }, { bytesPerKey }) {
  const [, , met] = verdict(bytes, bytesPerKey);
  const line = `Bytes per key of \`rateLimit\` in memory: ${bytes.toFixed(0)}, budget ${bytesPerKey ?? "–"}${met === "" ? "" : `: ${met}`}.`;
  const table = rows.map(({ name, otherBytes, ratio }) => [
    name,
    `${bytes.toFixed(0)} ÷ ${otherBytes.toFixed(0)}`,
    ratio.toFixed(2),
  ]);
  return `${line}\n\n${formatTable(["beside", "bytes per key", "ratio"], table)}`;
}

export function reportLoadTimes(results, budgets) {
  const rows = results.map(
    ({ id, what, milliseconds, files, otherMilliseconds, otherFiles, ratio }) => [
      what,
      `${milliseconds.toFixed(1)} ÷ ${otherMilliseconds?.toFixed(1) ?? "–"}`,
      `${files} ÷ ${otherFiles ?? "–"}`,
      ...verdict(ratio, budgets[id]),
    ],
  );
  return {
    text: formatTable(["`require()`", "ms", "files", "ratio", "at most", ""], rows),
    ratios: ratiosOf(results),
  };
}

/** The worst one stands first, and is what the budget is for. */
export function reportBlockedLoop({ results, tried, refused }, budgets) {
  const sorted = [...results].sort((a, b) => b.milliseconds - a.milliseconds);
  const rows = sorted.map(({ name, bytes, status, first, milliseconds }) => [
    name,
    (bytes / 1000).toFixed(0),
    String(status),
    first.toFixed(1),
    milliseconds.toFixed(1),
  ]);
  const [worst] = sorted;
  const limit = budgets.blockedLoop;
  const [, , met] = verdict(worst.milliseconds, limit);
  const line = `Worst blocked loop of one request: ${worst.milliseconds.toFixed(1)} ms (${worst.name}), budget ${limit ?? "–"} ms${met === "" ? "" : `: ${met}`}. Random cases searched: ${tried}; schemas refused at start-up: ${refused}.`;
  const table = formatTable(["hostile request", "kB", "status", "first, ms", "later, ms"], rows);
  return { text: `${line}\n\n${table}`, ratios: { blockedLoop: worst.milliseconds } };
}

/** One item of a Markdown list. */
export function summarize(version, ratios) {
  const parts = Object.entries(BRIEF).filter(([id]) => ratios[id] !== undefined);
  return `- **Node ${version.slice(1)}**: ${parts.map(([id, name]) => `${name} ${ratios[id].toFixed(2)}`).join(", ")}.`;
}

/** Per round: what the stack costs beyond its bare framework. */
function addedBy(stack, costs) {
  const bare = costs.get(STACKS[stack].framework);
  return costs.get(stack).map((cost, round) => cost - bare[round]);
}

function ratiosOf(results) {
  return Object.fromEntries(
    results.filter(({ id }) => id !== undefined).map(({ id, ratio }) => [id, ratio]),
  );
}

function verdict(ratio, limit) {
  const measured = ratio === undefined ? "–" : ratio.toFixed(2);
  if (limit === undefined || ratio === undefined) return [measured, "–", ""];
  return [measured, limit.toFixed(2), ratio <= limit ? "met" : "MISSED"];
}

/** Less than a microsecond with two digits more: a rule takes some hundredths. */
function shown(microseconds) {
  return microseconds.toFixed(microseconds < 1 ? 3 : 1);
}
