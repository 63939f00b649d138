import { parseArgs } from "node:util";

export const STACKS = ["bare", "ours", "peers", "by-hand", "fastify", "fastify-cached"];
const PARTS = ["stacks", "parts", "load-times"];

const OPTIONS = {
  rounds: { type: "string", default: "7" },
  requests: { type: "string", default: "4000" },
  warmup: { type: "string", default: "15000" },
  stacks: { type: "string", default: STACKS.join(",") },
  only: { type: "string", default: PARTS.join(",") },
  check: { type: "boolean", default: false },
  "no-build": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

export const USAGE = `node bench/run.mjs [options]
  --rounds <n>      interleaved rounds, at least 5 for a table worth keeping (7)
  --requests <n>    requests measured per stack and round (4000)
  --warmup <n>      requests before the first round, per stack (15000)
  --stacks <list>   some of ${STACKS.join(",")}; bare is always measured
  --only <list>     some of ${PARTS.join(",")}
  --check           end with code 1 when the first or second budget is missed
  --no-build        measure dist/ as it is`;

/** @throws a `TypeError` that says what is wrong with the arguments. */
export function readSettings(argv) {
  const { values } = parseArgs({ args: argv, options: OPTIONS });
  const chosen = list("stacks", values.stacks, STACKS);
  const only = list("only", values.only, PARTS);
  if (
    values.check &&
    !["bare", "ours", "peers"].every((stack) => stack === "bare" || chosen.includes(stack))
  ) {
    throw new TypeError("--check needs the stacks ours and peers");
  }
  if (values.check && !only.includes("stacks")) throw new TypeError("--check needs --only stacks");
  return {
    rounds: count("rounds", values.rounds),
    requests: count("requests", values.requests),
    warmup: count("warmup", values.warmup),
    stacks: STACKS.filter((stack) => stack === "bare" || chosen.includes(stack)),
    only,
    check: values.check,
    build: !values["no-build"],
    help: values.help,
  };
}

function count(name, text) {
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new TypeError(`--${name} must be a number from 1 to 9999999, got "${text}"`);
  return Number(text);
}

function list(name, text, known) {
  const items = text.split(",");
  const unknown = items.find((item) => !known.includes(item));
  if (unknown !== undefined)
    throw new TypeError(`--${name} must be some of ${known.join(",")}, got "${unknown}"`);
  return items;
}
