import type { Mode } from "../../core/guard/guard-options.js";
import { OptionsReader } from "../../core/options/options-reader.js";
import { wrongChoice } from "../../core/options/spelling.js";
import { isPlainObject } from "../../core/options/value.js";
import type { HeaderPlan } from "../headers/header-plan.js";
import { type HeaderOption, readHeaders } from "../headers/read-headers.js";
import { copyOptions } from "./copy-options.js";
import {
  HEADER_OVERRIDE_HINTS,
  HEADER_OVERRIDE_KEYS,
  type HeaderOverrides,
} from "./header-overrides.js";
import { keepFraming } from "./keep-framing.js";
import { mergeOptions, type RawOptions } from "./merge-options.js";
import { applyProfile, type LayeredOptions, PAGE_PROFILES } from "./page-profiles.js";

/** Headers that are planned, and what they were planned from. */
export interface PlannedOptions extends LayeredOptions {
  readonly plan: HeaderPlan;
}

const KEYS: Readonly<Record<HeaderOption, true>> = {
  cacheControl: true,
  csp: true,
  helmet: true,
  hsts: true,
  overwrite: true,
  permissionsPolicy: true,
  remove: true,
  reporting: true,
};
/** Without the profile, which is applied first. */
const NAMES = ["helmet", "csp", "cacheControl", "permissionsPolicy", "reporting"] as const;
const EXAMPLE = '"swagger-ui", or { helmet: { contentSecurityPolicy: { directives: { … } } } }';

/**
 * Reads what is different, over each of the given. All problems are noted.
 *
 * @param parent - Of the options in which it stands.
 * @param place - Where in them, as users write it.
 * @param over - A profile or an object; of the app.
 * @param bases - The first one is that of all other paths.
 */
export function readOverrides(
  parent: OptionsReader<"pages">,
  place: string,
  over: unknown,
  bases: readonly PlannedOptions[],
  mode: Mode,
): readonly PlannedOptions[] {
  const own = readOwn(parent, place, over);
  if (own === undefined) return [];
  const { profile, options } = own;
  return bases.map((base) => {
    const below = profile === undefined ? base : applyProfile(profile, base, base.plan);
    const merged = keepFraming(mergeOptions(below.options, options), options, base.plan);
    const path = `${parent.path}.${place}`;
    const reader = new OptionsReader<HeaderOption>(path, merged, KEYS, {}, parent.problems);
    const plan = readHeaders(reader, below.preset, mode);
    return { options: merged, preset: below.preset, plan: withSources(plan, base.plan, place) };
  });
}

interface OwnOptions {
  readonly profile: (typeof PAGE_PROFILES)[number] | undefined;
  readonly options: RawOptions;
}

function readOwn(
  parent: OptionsReader<"pages">,
  place: string,
  over: unknown,
): OwnOptions | undefined {
  const named = PAGE_PROFILES.find((profile) => profile === over);
  if (named !== undefined) return { profile: named, options: {} };
  const key = place as "pages";
  if (typeof over === "string") {
    parent.note(key, `${wrongChoice(over, PAGE_PROFILES)}, or an options object`);
    return undefined;
  }
  if (over === undefined) {
    parent.note(key, `must say what is different, got undefined: write ${EXAMPLE}`);
    return undefined;
  }
  const copy = copyOptions(over);
  const own = parent.nested<HeaderOverrides>(
    key,
    copy,
    HEADER_OVERRIDE_KEYS,
    HEADER_OVERRIDE_HINTS,
    EXAMPLE,
  );
  if (!isPlainObject(copy)) return undefined;
  if (Object.keys(copy).length === 0) own.note("", `must say what is different: write ${EXAMPLE}`);
  checkWholeHost(own);
  const profile = own.has("profile") ? own.oneOf("profile", PAGE_PROFILES) : undefined;
  const given = NAMES.filter((name) => own.has(name));
  return { profile, options: Object.fromEntries(given.map((name) => [name, own.raw(name)])) };
}

function checkWholeHost(own: OptionsReader<"helmet">): void {
  const helmet: unknown = own.raw("helmet");
  if (!isPlainObject(helmet)) return;
  for (const name of ["hsts", "strictTransportSecurity"])
    if (helmet[name] !== undefined)
      own.problems.note(
        `${own.path}.helmet.${name}`,
        "must be left out: it holds for the whole host, whatever the path",
      );
}

/** What is the same as elsewhere has the same source; the others have this one. */
function withSources(plan: HeaderPlan, base: HeaderPlan, source: string): HeaderPlan {
  const headers = plan.headers.map((header) => {
    const same = base.headers.find(
      ({ name, value, when }) =>
        name === header.name && value === header.value && when === header.when,
    );
    return same ?? Object.freeze({ ...header, from: source });
  });
  return Object.freeze({ ...plan, headers: Object.freeze(headers) });
}
