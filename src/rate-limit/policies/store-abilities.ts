import type { RateLimitAlgorithm } from "./policy.js";

/** What a store says that it can do. */
export interface StoreAbilities {
  readonly algorithms: readonly RateLimitAlgorithm[];
  /** Whether what was counted can be given back. */
  readonly refunds: boolean;
  /** Whether units can be charged without asking. */
  readonly charges: boolean;
  readonly blocks: boolean;
  readonly soft: boolean;
}
