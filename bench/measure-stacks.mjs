import { setTimeout as sleep } from "node:timers/promises";
import { openTestBed } from "./test-bed.mjs";

/** Late log writes belong to the requests that caused them. */
const SETTLE_MS = 100;

/** Before each measurement: an idle process gives memory back and has cold caches. */
const ROUND_WARMUP = 500;

/**
 * CPU microseconds per request of the server process, for each stack and round.
 *
 * Every stack is checked in a process of its own. Then all stacks are started, warmed up until V8 has compiled what it
 * will compile, and measured in rounds: one stack at a time, in an order that rotates.
 */
export async function measureStacks(
  stacks,
  { node, rounds, requests, warmup, directory, onProgress },
) {
  const results = new Map(stacks.map((stack) => [stack, []]));
  const bed = await openTestBed(node, directory);
  try {
    for (const stack of stacks) await bed.check(stack);
    const servers = [];
    for (const stack of stacks) {
      onProgress(`warming up: ${stack}`);
      const server = await bed.start(stack);
      await bed.load(server, warmup);
      servers.push(server);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const server of rotate(servers, round)) {
        const cost = await measure(bed, server, requests);
        results.get(server.stack).push(cost);
        onProgress(`round ${round + 1} of ${rounds}: ${server.stack} ${cost.toFixed(0)} µs`);
      }
    }
  } finally {
    await bed.close();
  }
  return results;
}

async function measure(bed, server, requests) {
  await bed.load(server, ROUND_WARMUP);
  await sleep(SETTLE_MS);
  const before = await cpuOf(server);
  await bed.load(server, requests);
  await sleep(SETTLE_MS);
  return ((await cpuOf(server)) - before) / requests;
}

async function cpuOf(server) {
  const { cpu } = await server.ask({ command: "cpu" });
  return cpu.user + cpu.system;
}

function rotate(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
