import {
  GUARD_OPTIONS,
  type GuardOptions,
  type Mode,
  readGuardOptions,
} from "../../core/guard/guard-options.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../../core/options/options-reader.js";
import { assertCalled } from "../../core/options/uncalled-factory.js";
import type { OnDenied } from "../../core/refusal/deny.js";

/** Options of `requireRole`, `requireScope` and `authorize`. */
export interface RequireOptions extends GuardOptions {
  /**
   * The `realm` of the `WWW-Authenticate` challenges (RFC 9110 §11.5), of printable ASCII characters except `"` and
   * `\`. Give the same one as to `oauthGuard`. @default "api"
   */
  readonly realm?: string | undefined;
}

/** {@link RequireOptions}, checked. */
export interface CheckedRequireOptions {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
  readonly realm: string;
}

/** Names of {@link RequireOptions}. */
export const REQUIRE_KEYS: OptionKeys<RequireOptions> = { ...GUARD_OPTIONS, realm: true };

const REPORT =
  'leave it out to refuse, write mode: "report" to let every request pass and only record refusals';

/** What other packages call the options. */
export const REQUIRE_HINTS: Hints<RequireOptions> = {
  dryRun: REPORT,
  reportOnly: REPORT,
  onError: "onDenied",
  onFailure: "onDenied",
  // Of all that can stand here only a rule has it.
  description:
    "a rule stands where the options do: put several into one, as in authorize(all(…)) or authorize(any(…))",
};

/**
 * Opens the options of a guard that takes other arguments first.
 *
 * @param first - The first argument: a request when the factory was mounted uncalled.
 * @param call - How the factory is called, for those who mount it uncalled.
 */
export function openRequireOptions(
  factory: string,
  first: unknown,
  options: unknown,
  call: string,
): OptionsReader<keyof RequireOptions> {
  assertCalled(factory, first, call);
  return readOptions<RequireOptions>(factory, options, REQUIRE_KEYS, REQUIRE_HINTS);
}

/** Reads {@link RequireOptions}. */
export function readRequireOptions(
  reader: OptionsReader<keyof RequireOptions>,
): CheckedRequireOptions {
  const realm = reader.string("realm", { default: "api" }) ?? "api";
  if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm))
    reader.problem("realm", 'of printable ASCII characters except " and \\');
  return { ...readGuardOptions(reader), realm };
}

/**
 * Takes the options from the end of a list of names. Only an object counts as options: `undefined` in the place of a
 * name is a missing environment variable, and must not turn "all of these scopes" into fewer scopes.
 */
export function splitOptions(args: readonly unknown[]): {
  readonly names: readonly unknown[];
  readonly options: unknown;
} {
  const last = args.at(-1);
  const given = typeof last === "object" && last !== null && !Array.isArray(last);
  return given ? { names: args.slice(0, -1), options: last } : { names: args, options: {} };
}
