import { startChild } from "./child.mjs";
import { median } from "./statistics.mjs";

/** Random cases that are searched, and those of them that are measured. */
const CASES = 400;
const KEPT = 8;

const TIMEOUT_MS = 300_000;

/**
 * For how long one hostile request blocks the loop of a server with `jsonBody()` and `validate()`, with default limits:
 * handwritten requests, and those of random ones that take the most work.
 */
export async function measureBlockedLoop({ node, rounds }) {
  const child = startChild("./hostile/server.mjs", node, ["--expose-gc"]);
  try {
    const { port } = await child.ask({});
    const { inputs, tried, refused } = await child.ask(
      { command: "search", cases: CASES, kept: KEPT },
      TIMEOUT_MS,
    );
    const results = [];
    for (const [index, input] of inputs.entries()) {
      await child.ask({ command: "mount", index }, TIMEOUT_MS);
      const gaps = [];
      let status;
      for (let round = 0; round <= rounds; round += 1) {
        await child.ask({ command: "gap" });
        status = await send(port, input);
        gaps.push((await child.ask({ command: "gap" })).milliseconds);
      }
      const [first, ...later] = gaps;
      results.push({
        name: input.name,
        bytes: input.text.length,
        status,
        first,
        milliseconds: median(later),
      });
    }
    return { results, tried, refused };
  } finally {
    await child.stop();
  }
}

async function send(port, { text, headers }) {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: text,
    signal: AbortSignal.timeout(60_000),
  });
  await response.arrayBuffer();
  return response.status;
}
