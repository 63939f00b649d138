import type { RateLimitRequest } from "../stores/rate-limit-store.js";

/** The requests that are counted against the same one, each with its place in the list that it came in. */
export type Partition<T extends RateLimitRequest = RateLimitRequest> = readonly {
  readonly request: T;
  readonly index: number;
}[];

/**
 * The requests by whom they are counted against. Those that admit the least in a time come first: they refuse most
 * often, and nothing was charged then to the wide ones, which others share.
 */
export function partitionsOf<T extends RateLimitRequest>(
  requests: readonly T[],
): readonly Partition<T>[] {
  const partitions = new Map<string, { request: T; index: number }[]>();
  requests.forEach((request, index) => {
    const partition = partitions.get(request.key);
    if (partition === undefined) partitions.set(request.key, [{ request, index }]);
    else partition.push({ request, index });
  });
  return [...partitions.values()].sort((a, b) => narrowest(a) - narrowest(b));
}

function narrowest(partition: Partition): number {
  return Math.min(...partition.map(({ request: { limit, windowMs } }) => limit / windowMs));
}
