import fc from "fast-check";
import type { RateLimitBlocking } from "../../src/rate-limit/policies/policy.js";

/** What happens to a key, one thing after the other. */
export type BlockStep =
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "offend" }
  | { readonly kind: "block"; readonly seconds: number };

/** Blocks of whole seconds, so that the model can live through each of them. */
export const blockings: fc.Arbitrary<RateLimitBlocking> = fc
  .record({
    after: fc.integer({ min: 1, max: 3 }),
    within: fc.integer({ min: 1, max: 20 }),
    durations: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
    forget: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ after, within, durations, forget }) => ({
    after,
    withinMs: within * 1000,
    durationsMs: durations.sort((a, b) => a - b).map((seconds) => seconds * 1000),
    forgetMs: forget * 1000,
  }));

export const blockSteps: fc.Arbitrary<BlockStep[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<BlockStep>({ kind: "offend" }) },
    { weight: 3, arbitrary: seconds("wait", 45) },
    { weight: 1, arbitrary: seconds("wait", 200) },
    { weight: 1, arbitrary: seconds("block", 20) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** The blocks of a key, lived through second by second. */
export class BlockModel {
  readonly #blocking: RateLimitBlocking;
  #refusals = 0;
  #secondsOfRefusals = 0;
  #strikes = 0;
  #quietSeconds = 0;
  /** Of the block that runs. */
  secondsLeft = 0;

  constructor(blocking: RateLimitBlocking) {
    this.#blocking = blocking;
  }

  live(step: BlockStep): void {
    if (step.kind === "wait") for (let n = 0; n < step.seconds; n += 1) this.#passSecond();
    else if (step.kind === "offend") this.#offend();
    else this.#block(step.seconds);
  }

  #passSecond(): void {
    if (this.#secondsOfRefusals > 0) this.#secondsOfRefusals -= 1;
    if (this.#secondsOfRefusals === 0) this.#refusals = 0;
    if (this.secondsLeft > 0) {
      this.secondsLeft -= 1;
      return;
    }
    this.#quietSeconds += 1;
    if (this.#quietSeconds < this.#blocking.forgetMs / 1000) return;
    this.#quietSeconds = 0;
    this.#strikes = Math.max(0, this.#strikes - 1);
  }

  #offend(): void {
    if (this.secondsLeft > 0) return;
    const { after, withinMs, durationsMs } = this.#blocking;
    if (this.#refusals === 0) this.#secondsOfRefusals = withinMs / 1000;
    this.#refusals += 1;
    if (this.#refusals < after) return;
    this.#refusals = 0;
    this.#strikes = Math.min(durationsMs.length, this.#strikes + 1);
    this.#block((durationsMs[this.#strikes - 1] as number) / 1000);
  }

  #block(length: number): void {
    if (length > 0 || this.secondsLeft > 0) this.#quietSeconds = 0;
    this.secondsLeft = length;
  }
}

function seconds(kind: "wait" | "block", max: number): fc.Arbitrary<BlockStep> {
  return fc.integer({ min: 0, max }).map((given): BlockStep => ({ kind, seconds: given }));
}
