import { parseArgs } from "node:util";
import { MAJORS } from "./node-binary.mjs";
import { STACKS, withFrameworks } from "./stack-list.mjs";

const STACK_NAMES = Object.keys(STACKS);
const PARTS = ["stacks", "parts", "load-times", "blocked-loop", "redis"];

/** What the budgets that `--check` enforces compare. */
const CHECKED_STACKS = ["ours", "peers"];

const OPTIONS = {
  node: { type: "string" },
  rounds: { type: "string", default: "7" },
  requests: { type: "string", default: "4000" },
  warmup: { type: "string", default: "15000" },
  stacks: { type: "string", default: STACK_NAMES.join(",") },
  only: { type: "string", default: PARTS.join(",") },
  summary: { type: "boolean", default: false },
  check: { type: "boolean", default: false },
  "no-build": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

export const USAGE = `node bench/run.mjs [options]
  --node <major>    measure on this Node, one of ${MAJORS.join(",")} (the one that runs this)
  --rounds <n>      interleaved rounds, at least 5 for a table worth keeping (7)
  --requests <n>    requests measured per stack and round (4000)
  --warmup <n>      requests before the first round, per stack (15000)
  --stacks <list>   some of ${STACK_NAMES.join(",")};
                    bare and the framework of each are always measured
  --only <list>     some of ${PARTS.join(",")}
  --summary         print one line with all ratios instead of the tables
  --check           end with code 1 when one of the first two budgets is missed
  --no-build        measure dist/ as it is`;

/** @throws a `TypeError` that says what is wrong with the arguments. */
export function readSettings(argv) {
  const { values } = parseArgs({ args: argv, options: OPTIONS });
  const chosen = list("stacks", values.stacks, STACK_NAMES);
  const only = list("only", values.only, PARTS);
  if (values.check && !CHECKED_STACKS.every((stack) => chosen.includes(stack)))
    throw new TypeError(`--check needs the stacks ${CHECKED_STACKS.join(" and ")}`);
  if (values.check && !only.includes("stacks")) throw new TypeError("--check needs --only stacks");
  return {
    major: readMajor(values.node),
    rounds: count("rounds", values.rounds),
    requests: count("requests", values.requests),
    warmup: count("warmup", values.warmup),
    stacks: withFrameworks(chosen),
    only,
    summary: values.summary,
    check: values.check,
    build: !values["no-build"],
    help: values.help,
  };
}

/** @throws a `TypeError` unless it is a major that the library is tested on, or left out. */
export function readMajor(text) {
  if (text !== undefined && !MAJORS.includes(text))
    throw new TypeError(`--node must be one of ${MAJORS.join(",")}, got "${text}"`);
  return text;
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
