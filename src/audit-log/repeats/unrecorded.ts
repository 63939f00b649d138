/** How many requests have no record of their own, since the start. Shared by those who count and those who tell. */
export interface Unrecorded {
  /** Successes that the option `sample` has left out. */
  sampledOut: number;
  /** Refusals that are told together with others, or will be. */
  aggregated: number;
}

/** Nobody yet. */
export function createUnrecorded(): Unrecorded {
  return { sampledOut: 0, aggregated: 0 };
}
