/** The process of the micro comparisons: runs all of them when the parent asks, and answers with the results. */
import { comparisons } from "./comparisons.mjs";
import { measureKeySizes } from "./key-sizes.mjs";
import { median, medianRatio } from "./statistics.mjs";

process.once("message", async ({ rounds, batch, directory, jwks, issuer, tokens }) => {
  try {
    const results = [];
    for (const comparison of comparisons({ directory, jwks, issuer, tokens })) {
      results.push(await compare(comparison, rounds, batch));
    }
    process.send({ results, keySizes: await measureKeySizes() });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.on("disconnect", () => process.exit());

/** Batches that only teach V8 what it will run. */
const WARMUP_BATCHES = 40;

/**
 * Measures a subject beside its baseline: batches interleaved, in rotated order.
 *
 * What a comparison names as its `floor` is done by both of them around the work in question, and is subtracted.
 */
async function compare({ id, what, subject, baseline, floor, times = 1 }, rounds, batch) {
  const sides = [subject, baseline, ...(floor === undefined ? [] : [floor])];
  const costs = sides.map(() => []);
  for (let round = -WARMUP_BATCHES; round < rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const index = (turn + round + WARMUP_BATCHES) % sides.length;
      const cost = await measureBatch(sides[index], batch, times);
      if (round >= 0) costs[index].push(cost);
    }
  }
  const base = floor === undefined ? costs[0].map(() => 0) : costs.at(-1);
  const net = costs.map((values) => values.map((value, round) => value - base[round]));
  return {
    id,
    what,
    name: subject.name,
    microseconds: median(net[0]),
    baseline: { name: baseline.name, microseconds: median(net[1]) },
    ratio: medianRatio(net[0], net[1]),
  };
}

/** CPU microseconds per operation, of which each input is worth `times`. What `prepare` makes and `check` looks at is not measured. */
async function measureBatch({ prepare, run, check }, batch, times) {
  const inputs = await prepare(batch);
  // Twice: what survives two minor collections is not copied again while the clock runs. A batch is small enough for
  // the young generation, so that no collection of what `prepare` made is charged to the work in question.
  globalThis.gc({ type: "minor" });
  globalThis.gc({ type: "minor" });
  const before = process.cpuUsage();
  await run(inputs);
  const { user, system } = process.cpuUsage(before);
  check?.(batch);
  return (user + system) / (batch * times);
}
