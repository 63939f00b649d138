import { ignoreOutcome } from "../../core/calls/follow.js";
import type {
  RateLimitRefund,
  RateLimitRequest,
  RateLimitResult,
} from "../stores/rate-limit-store.js";
import { type Partition, partitionsOf } from "./partitions.js";
import { redisKeysOf } from "./redis-key.js";
import { parseReply, scriptArgumentsOf } from "./script-arguments.js";
import { hasCode, type ScriptRunner } from "./script-runner.js";

/** The receipt of what charged nothing. */
const NOTHING = "-";

/** Gives the argument of an operation that belongs to one request: a receipt, or milliseconds. */
type Extra<T> = (request: T) => string;

/** Counts with the script: in one call, or in a cluster in one for each partition. */
export class ScriptStore {
  readonly #runner: ScriptRunner;
  readonly #prefix: string;
  #isPartitioned: boolean;

  constructor(runner: ScriptRunner, prefix: string) {
    this.#runner = runner;
    this.#prefix = prefix;
    this.#isPartitioned = runner.isCluster;
  }

  isReady(): boolean {
    return this.#runner.isReady();
  }

  async consume(requests: readonly RateLimitRequest[]): Promise<readonly RateLimitResult[]> {
    if (requests.length === 0) return [];
    if (!this.#isPartitioned) {
      try {
        return parseReply(await this.#run("consume", requests), requests.length);
      } catch (error) {
        this.#partitionAfter(error);
      }
    }
    return await this.#reserve(requests);
  }

  /** Runs an operation that gives no results. Each partition is tried, whatever becomes of the others. */
  async change<T extends RateLimitRequest>(
    operation: "refund" | "reset" | "block" | "charge",
    requests: readonly T[],
    extra: Extra<T> = () => "",
  ): Promise<void> {
    if (requests.length === 0) return;
    if (!this.#isPartitioned) {
      try {
        await this.#run(operation, requests, extra);
        return;
      } catch (error) {
        this.#partitionAfter(error);
      }
    }
    const runs = partitionsOf(requests).map((partition) =>
      this.#run(
        operation,
        partition.map(({ request }) => request),
        extra,
      ),
    );
    const failed = (await Promise.allSettled(runs)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  /**
   * Charges one partition after the other. When one does not admit the request, those before it give back what they
   * charged, and those behind it are only looked at.
   */
  async #reserve(requests: readonly RateLimitRequest[]): Promise<readonly RateLimitResult[]> {
    const results: RateLimitResult[] = [];
    const partitions = partitionsOf(requests);
    const charged: RateLimitRefund[] = [];
    try {
      for (let next = 0; next < partitions.length; next += 1) {
        const partition = partitions[next] as Partition;
        if (await this.#ask("consume", partition, results)) {
          for (const { request, index } of partition) {
            charged.push({ ...request, receipt: results[index]?.receipt });
          }
        } else {
          this.#giveBack(charged, partitions.slice(0, next), results);
          const rest = partitions.slice(next + 1);
          await Promise.all(rest.map((one) => this.#ask("look", one, results)));
          break;
        }
      }
    } catch (error) {
      this.#giveBack(charged, [], results);
      throw error;
    }
    return results;
  }

  /** @returns Whether all of the partition is admitted. */
  async #ask(
    operation: "consume" | "look",
    partition: Partition,
    results: RateLimitResult[],
  ): Promise<boolean> {
    const asked = partition.map(({ request }) => request);
    const answers = parseReply(await this.#run(operation, asked), asked.length);
    partition.forEach(({ index }, position) => {
      results[index] = answers[position] as RateLimitResult;
    });
    return answers.every(({ allowed }) => allowed);
  }

  /** Nobody waits for it: if it fails, the charge stays until it comes back with time. */
  #giveBack(
    charged: RateLimitRefund[],
    partitions: readonly Partition[],
    results: RateLimitResult[],
  ): void {
    ignoreOutcome(this.change("refund", charged.splice(0), ({ receipt }) => receipt ?? NOTHING));
    for (const { request, index } of partitions.flat()) {
      const { allowed, remaining, resetMs } = results[index] as RateLimitResult;
      const left = Math.min(request.burst, remaining + request.cost);
      results[index] = { allowed, remaining: left, retryAfterMs: 0, resetMs, receipt: NOTHING };
    }
  }

  /** Goes on with one script for each partition, when that is what the server wants. */
  #partitionAfter(error: unknown): void {
    // Some services look like one server to the client, and are a cluster. Nothing ran.
    if (!hasCode(error, "CROSSSLOT")) throw error;
    this.#isPartitioned = true;
  }

  #run<T extends RateLimitRequest>(
    operation: string,
    requests: readonly T[],
    extra: Extra<T> = () => "",
  ): Promise<string> {
    const keys = requests.flatMap((request) => redisKeysOf(this.#prefix, request));
    const args = requests.flatMap((request) => scriptArgumentsOf(request, extra(request)));
    return this.#runner.run(operation, keys, args);
  }
}
