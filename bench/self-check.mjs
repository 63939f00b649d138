import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isBare } from "./stack-list.mjs";
import { ALLOWED_ORIGIN, ORDER, PATH } from "./workload.mjs";

/**
 * Proves that a stack does the work it is measured for, so that a wrong setup cannot look fast.
 *
 * @param tokens - `{ valid, withoutScope, forged }`
 * @throws when anything is missing, with all findings.
 */
export async function selfCheck(stack, port, tokens, logFile) {
  const problems = [];
  const expect = (what, ok, got) => ok || problems.push(`${what}, got ${got}`);

  const valid = await post(port, { token: tokens.valid, headers: { Origin: ALLOWED_ORIGIN } });
  expect("a valid order must be answered 2xx", valid.ok, valid.status);
  const { id } = JSON.parse((await valid.text()) || "{}");
  expect("the answer must name the order", id === JSON.parse(ORDER).id, JSON.stringify(id));
  if (!isBare(stack)) {
    await checkRefusals(port, tokens, expect);
    checkHeaders(valid.headers, expect);
    const lines = await waitForLog(logFile);
    expect("the log must hold a JSON line for every request", lines >= REQUESTS, `${lines} lines`);
  }
  if (problems.length > 0)
    throw new Error(`the stack "${stack}" is not wired right:\n- ${problems.join("\n- ")}`);
}

/** Requests that {@link selfCheck} sends. */
const REQUESTS = 6;

async function checkRefusals(port, { valid, withoutScope, forged }, expect) {
  const rows = [
    ["no token must be answered 401", {}, [401]],
    ["a forged signature must be answered 401", { token: forged }, [401]],
    ["a missing scope must be answered 403", { token: withoutScope }, [403]],
    [
      "a quantity of 0 must be answered 400 or 422",
      { token: valid, order: changed({ quantity: 0 }) },
      [400, 422],
    ],
    [
      "a missing sku must be answered 400 or 422",
      { token: valid, order: changed({ sku: undefined }) },
      [400, 422],
    ],
  ];
  for (const [what, request, statuses] of rows) {
    const response = await post(port, request);
    await response.arrayBuffer();
    expect(what, statuses.includes(response.status), response.status);
  }
}

function checkHeaders(headers, expect) {
  const names = [...headers.keys()];
  expect(
    "rate-limit headers must be sent",
    names.some((name) => /^(x-)?ratelimit/.test(name)),
    names.join(", "),
  );
  for (const [name, value] of [
    ["x-content-type-options", "nosniff"],
    ["access-control-allow-origin", ALLOWED_ORIGIN],
  ]) {
    expect(`${name} must be sent as ${value}`, headers.get(name) === value, headers.get(name));
  }
}

function post(port, { token, order = ORDER, headers }) {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${port}${PATH}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization, ...headers },
    body: order,
    signal: AbortSignal.timeout(5_000),
  });
}

function changed(members) {
  return JSON.stringify({ ...JSON.parse(ORDER), ...members });
}

/** Loggers may write late: waits up to two seconds for the lines of all requests. */
async function waitForLog(logFile) {
  let count = 0;
  for (let attempt = 0; attempt < 40 && count < REQUESTS; attempt += 1) {
    await sleep(50);
    count = countLines(logFile);
  }
  return count;
}

function countLines(logFile) {
  try {
    const lines = readFileSync(logFile, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line)).length;
  } catch {
    return 0;
  }
}
