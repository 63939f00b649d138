import { HEADER_NOTES, type HeaderNote } from "./header-notes.js";
import type { HeaderSettings } from "./helmet-options.js";
import type { CacheControl, Preset } from "./presets.js";

/**
 * When a header is sent.
 *
 * - `"always"`: on every answer.
 * - `"overTls"`: if the request came over TLS, to a name other than `localhost` that is no IP address.
 * - `"notOverTls"`: otherwise.
 * - `"publicName"`: over plain HTTP as well, but not to `localhost` or an IP address.
 * - `"authenticated"`: if the request carries a cookie or `Authorization`, or the answer sets a cookie.
 */
export type HeaderCondition = "always" | "overTls" | "notOverTls" | "publicName" | "authenticated";

/** A header that is sent, and why. */
export interface PlannedHeader {
  readonly name: string;
  /** What is sent; where `nonce` is true, the nonce of the answer takes the place of each {@link NONCE}. */
  readonly value: string;
  readonly nonce: boolean;
  readonly when: HeaderCondition;
  /** `"preset"`, or the option that decided: `"helmet.xFrameOptions"`, `"hsts"`. */
  readonly from: string;
  /** What it is good for. */
  readonly why: string;
  /** What may stop working because of it; `undefined` if nothing that works should. */
  readonly mayBreak: string | undefined;
}

/** What is done to the headers of every answer: computed once, in the factory. */
export interface HeaderPlan {
  /** In the order in which they are set. */
  readonly headers: readonly PlannedHeader[];
  /** Names that are taken away. */
  readonly removed: readonly string[];
}

/** Stands for the nonce of an answer. */
export const NONCE = "{nonce}";

const CSP = "Content-Security-Policy";
const HSTS = "Strict-Transport-Security";

/** The plan of all headers, from what was read. */
export function planHeaders(
  settings: HeaderSettings,
  preset: Preset,
  cacheControl: { readonly value: CacheControl; readonly given: boolean },
): HeaderPlan {
  const headers: PlannedHeader[] = [];
  const { policyOverTls } = settings;

  function add(name: string, value: string, when: HeaderCondition, from: string): void {
    const { why, mayBreak }: HeaderNote = HEADER_NOTES.get(name) ?? {
      why: "",
      mayBreak: undefined,
    };
    headers.push(Object.freeze({ name, value, nonce: false, when, from, why, mayBreak }));
  }

  for (const [name, value] of settings.set) {
    const from = settings.sources.get(name) ?? "preset";
    if (name === HSTS) add(name, value, conditionOfHsts(settings), from);
    else if (name === CSP && policyOverTls !== undefined) {
      add(name, value, "notOverTls", from);
      add(name, policyOverTls, "overTls", from);
    } else add(name, value, "always", from);
  }
  for (const [name, value] of preset.others) add(name, value, "always", "preset");
  if (cacheControl.value !== false) {
    const when = cacheControl.value === "authenticated" ? "authenticated" : "always";
    add("Cache-Control", "no-store", when, cacheControl.given ? "cacheControl" : "preset");
  }
  return Object.freeze({
    headers: Object.freeze(headers),
    removed: Object.freeze([...settings.removed]),
  });
}

function conditionOfHsts({ hstsPlaces }: HeaderSettings): HeaderCondition {
  if (hstsPlaces === "everywhere") return "always";
  return hstsPlaces === "always" ? "publicName" : "overTls";
}
