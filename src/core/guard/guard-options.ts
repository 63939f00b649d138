import type { OptionKeys } from "../options/option-types.js";
import type { OptionsReader } from "../options/options-reader.js";
import type { OnDenied } from "../refusal/deny.js";

/** `"report"` does all the work, refuses nothing, and records what would have been refused. */
export type Mode = "enforce" | "report";

/** Options of every guard. */
export interface GuardOptions {
  /**
   * `"report"` lets every request pass, changes nothing that the client or the handlers can see, and records each
   * refusal with `enforced: false`. @default "enforce"
   */
  readonly mode?: Mode | undefined;
  /** How refusals are answered. @default "respond" */
  readonly onDenied?: OnDenied | undefined;
}

/** Names of {@link GuardOptions}, for the factories' tables of known options. */
export const GUARD_OPTIONS: OptionKeys<GuardOptions> = { mode: true, onDenied: true };

/** What other products call the mode that refuses nothing, and the one that does. */
const MODE_NAMES: Readonly<Record<string, Mode>> = {
  "dry-run": "report",
  dryRun: "report",
  dryrun: "report",
  "report-only": "report",
  reportOnly: "report",
  log: "report",
  monitor: "report",
  on: "enforce",
  block: "enforce",
  deny: "enforce",
};

/** Reads `mode`. */
export function readMode(reader: OptionsReader<"mode">): Mode {
  return reader.oneOf("mode", ["enforce", "report"], { default: "enforce", aliases: MODE_NAMES });
}

/** Reads {@link GuardOptions}. */
export function readGuardOptions(reader: OptionsReader<keyof GuardOptions>): {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
} {
  const mode = readMode(reader);
  const onDenied = reader.raw("onDenied");
  if (typeof onDenied === "function") return { mode, onDenied: onDenied as OnDenied };
  if (onDenied !== undefined && onDenied !== "respond" && onDenied !== "next") {
    reader.problem("onDenied", '"respond", "next" or a function');
  }
  return { mode, onDenied: onDenied === "next" ? "next" : "respond" };
}

/** Reads {@link GuardOptions} and leaves open what was left out: a preset that takes the guard over fills it in. */
export function readGivenGuardOptions(reader: OptionsReader<keyof GuardOptions>): GuardOptions {
  const { mode, onDenied } = readGuardOptions(reader);
  return {
    mode: reader.has("mode") ? mode : undefined,
    onDenied: reader.has("onDenied") ? onDenied : undefined,
  };
}
