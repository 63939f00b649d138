/** What a limiter has that can block by hand, such as `rateLimit()` and `secureApi().rateLimit` of this library. */
export interface BlockingLimiter {
  block(
    target: { readonly policy?: string | undefined; readonly key: string },
    duration: string,
  ): Promise<unknown>;
  /** Asked once, for an address that nobody has, so that what does not fit is known before the first alert. */
  unblock?(target: {
    readonly policy?: string | undefined;
    readonly key: string;
  }): Promise<unknown>;
}

/** Options of {@link alertTo}. */
export interface AlertToOptions {
  /** The names of the rules that block, your own or default ones. Required: no rule blocks by itself. */
  readonly rules: string | readonly string[];
  /**
   * How long a block lasts, from `"1s"` to `"1d"`. During the `cooldown` of a rule the same client is not blocked again: let
   * this be at least as long. @default "10m"
   */
  readonly for?: string | undefined;
  /** The policy that blocks, by its name; it needs `block`. @default every policy of the limiter */
  readonly policy?: string | undefined;
  /**
   * What is blocked: the address, under a policy by address, or the caller, under one by principal. A caller is locked out
   * by whoever uses its token, an address with everybody behind it. @default "address"
   */
  readonly by?: "address" | "subject" | undefined;
  /**
   * Addresses and networks that are never blocked, such as those of your offices, monitors and partners; `false` for
   * none. What you give takes the place of the default: behind a proxy that `trust proxy` does not know, everybody has a
   * private address. @default private networks
   */
  readonly except?: string | readonly string[] | false | undefined;
}

/** What {@link alertTo} returns. */
export interface AlertBlocks {
  /** Blocks nobody any more. Blocks that were made last as long as was said. */
  close(): void;
  /** What became of the alerts so far. */
  stats(): AlertBlockStats;
}

/** How many alerts have led to blocks. */
export interface AlertBlockStats {
  readonly blocked: number;
  /** Because of `except`, or because too many were to be blocked within a minute. */
  readonly spared: number;
  /** Because the limiter could not: the first one of its kind is a warning. */
  readonly failed: number;
}
