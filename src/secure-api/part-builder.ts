import type { Mode } from "../core/guard/guard-options.js";
import { OptionsError } from "../core/options/options-error.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { describeValue, isPlainObject } from "../core/options/value.js";
import type { OnDenied } from "../core/refusal/deny.js";
import type { SecureApiOptions } from "./secure-api-options.js";

type PartName = Exclude<
  keyof SecureApiOptions,
  | "authenticate"
  | "enrich"
  | "mode"
  | "onDenied"
  | "publicRoutes"
  | "dangerouslyPublicRoutes"
  | "routes"
  | "otherwise"
  | "paths"
>;

/** What to write in place of something that is no options. */
const EXAMPLES: Readonly<Record<PartName, string>> = {
  oauthGuard: "{ issuer, audience }",
  rateLimit: '{ limit: 100, window: "1m" }',
  auditLog: "{}",
  secureHeaders: "{}",
  loadShedding: "{}",
  requestDeadline: '{ timeout: "30s" }',
  jsonBody: "{}",
  formBody: "{}",
};

/**
 * Builds the parts of the preset, gathers the problems of all of them in one error, and closes what was opened when
 * one of them is wrong.
 */
export class PartBuilder {
  readonly #reader: OptionsReader<PartName>;
  readonly #shared: { readonly mode: Mode; readonly onDenied: OnDenied };
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(
    reader: OptionsReader<PartName>,
    shared: { readonly mode: Mode; readonly onDenied: OnDenied },
  ) {
    this.#reader = reader;
    this.#shared = shared;
  }

  /**
   * Builds one part from the user's options, with the preset's `mode` and `onDenied` as defaults.
   *
   * @param absent - What leaving the key out means: `on` with defaults, `off`, or a problem.
   */
  build<Options, Part extends object>(
    name: PartName,
    factory: (options: Options) => Part,
    absent: "on" | "off" | "required",
  ): Part | undefined {
    const value = this.#reader.raw(name);
    if (value === false || (value === undefined && absent === "off")) return undefined;
    if (value === undefined && absent === "required") {
      this.#reader.note(name, "must be an options object or false, got undefined: it is required");
      return undefined;
    }
    if (value !== undefined && !isPlainObject(value)) {
      this.#reader.note(name, wrongPart(name, value));
      return undefined;
    }
    return this.make(value === undefined ? {} : value, factory);
  }

  /** Builds a part from these options, whatever those of the user say. */
  make<Options, Part extends object>(
    options: Readonly<Record<string, unknown>>,
    factory: (options: Options) => Part,
  ): Part | undefined {
    try {
      const part = factory(this.#withDefaults(options) as Options);
      this.#keepCloser(part);
      return part;
    } catch (error) {
      if (!(error instanceof OptionsError)) {
        this.#abandon();
        throw error;
      }
      this.#reader.problems.adopt(error, "secureApi.");
      return undefined;
    }
  }

  /** Throws all problems; what was opened before is closed first. */
  finish(): void {
    try {
      this.#reader.finish();
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  /**
   * Closes all parts, the one opened first last: the audit log records what the others do. One that fails keeps none
   * of the others open; its error is thrown when all were tried.
   */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const closePart of this.#closers.toReversed()) {
      try {
        await closePart();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** The start-up fails already: what cannot be closed on the way out adds nothing to that. */
  #abandon(): void {
    this.close().catch(() => undefined);
  }

  #withDefaults(value: Readonly<Record<string, unknown>>): unknown {
    // `undefined` leaves a default in force. What else is `undefined` is for the factory to judge.
    const given = Object.entries(value).filter(
      ([name, option]) => option !== undefined || !Object.hasOwn(this.#shared, name),
    );
    return { ...this.#shared, ...Object.fromEntries(given) };
  }

  #keepCloser(part: object): void {
    const { close } = part as { close?: unknown };
    if (typeof close === "function") this.#closers.push(async () => close.call(part));
  }
}

function wrongPart(name: PartName, value: unknown): string {
  const must = `must be an options object, got ${describeValue(value)}`;
  return typeof value === "function"
    ? `${must}: give the options of ${name}, secureApi makes it`
    : `${must}: write ${name}: ${EXAMPLES[name]}`;
}
