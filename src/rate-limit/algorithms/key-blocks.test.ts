import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockModel, blockings, blockSteps } from "../../../test/support/block-model.js";
import { KeyBlocks } from "./key-blocks.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("the blocks of a key", () => {
  it("grow and decay as a model does that lives through every second", () => {
    fc.assert(
      fc.property(blockings, blockSteps, (blocking, steps) => {
        const blocks = new KeyBlocks(blocking, 10);
        const model = new BlockModel(blocking);
        let now = 0;
        for (const step of steps) {
          if (step.kind === "wait") now += step.seconds * 1000;
          else if (step.kind === "block") blocks.block("a", step.seconds * 1000, now);
          // The engine refuses what is blocked without asking again.
          else if (blocks.blockedFor("a", now) === 0) blocks.refused("a", now);
          model.live(step);
          expect(blocks.blockedFor("a", now)).toBe(model.secondsLeft * 1000);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("are one step shorter after each quiet day, and not forgotten at once", () => {
    const durationsMs = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, DAY];
    const blocks = new KeyBlocks(
      { after: 1, withinMs: 10 * MINUTE, durationsMs, forgetMs: DAY },
      10,
    );
    let now = 0;
    for (const duration of [...durationsMs, DAY]) {
      expect(blocks.refused("a", now)).toBe(duration);
      now += duration;
    }
    expect(blocks.refused("a", now + DAY - 1)).toBe(DAY);
    now += 2 * DAY - 1;
    expect(blocks.refused("a", now + 2 * DAY)).toBe(2 * HOUR);
    now += 2 * DAY + 2 * HOUR;
    expect(blocks.refused("a", now + 4 * DAY)).toBe(MINUTE);
  });

  it("are held no longer than they say anything", () => {
    const blocks = new KeyBlocks(
      { after: 1, withinMs: MINUTE, durationsMs: [MINUTE, HOUR], forgetMs: DAY },
      2,
    );
    blocks.refused("a", 0);
    blocks.refused("b", 0);
    expect(blocks.refused("c", MINUTE + DAY - 1)).toBe(0);
    expect(blocks.refused("c", MINUTE + DAY)).toBe(MINUTE);
  });
});
