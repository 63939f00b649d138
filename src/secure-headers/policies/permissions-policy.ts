import { sfString } from "../../core/http/header-values.js";
import { parseOriginEntry } from "../../core/http/origins/origin-entry.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { closest } from "../../core/options/spelling.js";
import { describeValue, isHarmless, isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import { DENIABLE_FEATURES, FEATURES } from "./permission-features.js";

/**
 * Features of the browser by name, and who may use each: `"none"`, `"self"` for the page's own origin, `"*"` for every origin,
 * an origin, or a list of `"self"` and origins.
 */
export type FeatureAllowlists = Readonly<Record<string, string | readonly string[]>>;

const MUST =
  '"none", "self", "*", an origin such as "https://pay.example.com", or a list of "self" and origins';
const EXAMPLE = '{ camera: "none", geolocation: "self" }';

/**
 * Reads `permissionsPolicy` over the features that the preset turns off. Problems are noted.
 *
 * @returns The value of the header, a Dictionary of RFC 9651; `undefined` for none.
 * @see https://www.w3.org/TR/permissions-policy/#permissions-policy-http-header-field
 */
export function readPermissionsPolicy(
  reader: OptionsReader<"permissionsPolicy">,
  denied: readonly string[],
): string | undefined {
  const value = reader.raw("permissionsPolicy");
  if (value === false) return undefined;
  const entries = new Map(denied.map((name) => [name, "()"]));
  if (value === "deny-all") for (const name of DENIABLE_FEATURES) entries.set(name, "()");
  else if (isPlainObject(value)) readFeatures(reader, value, entries);
  else if (value !== undefined)
    reader.problem(
      "permissionsPolicy",
      '"deny-all", false or an object of features',
      `write ${EXAMPLE}`,
    );
  if (entries.size === 0) return undefined;
  return [...entries].map(([name, allowlist]) => `${name}=${allowlist}`).join(", ");
}

function readFeatures(
  reader: OptionsReader<"permissionsPolicy">,
  given: Readonly<Record<string, unknown>>,
  entries: Map<string, string>,
): void {
  const names = Object.keys(given);
  if (names.length === 0)
    reader.note(
      "permissionsPolicy",
      `must name a feature, such as ${EXAMPLE}; false turns the header off`,
    );
  for (const name of names) {
    if (!FEATURES.includes(name)) {
      reader.note("permissionsPolicy", unknownFeature(name));
      continue;
    }
    const path = `${reader.path}.permissionsPolicy[${JSON.stringify(name)}]`;
    const allowlist = readAllowlist(given[name], (fault) => reader.problems.note(path, fault));
    if (allowlist !== undefined) entries.set(name, allowlist);
  }
}

/** Browsers ignore what they do not know: the feature would stay on. */
function unknownFeature(name: string): string {
  const meant = closest(dashed(name), FEATURES);
  if (meant !== undefined)
    return `must not have a feature ${JSON.stringify(name)}: did you mean "${meant}"?`;
  const printed = isHarmless(name)
    ? JSON.stringify(name)
    : `with a name of ${name.length} characters`;
  return `must not have a feature ${printed}: it is on no list of features that browsers know`;
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function readAllowlist(value: unknown, note: (fault: string) => void): string | undefined {
  if (value === "none") return "()";
  if (value === "*") return "*";
  const items: readonly unknown[] = Array.isArray(value) ? Array.from(value) : [value];
  if (items.length === 0) note(`must be ${MUST}, got an empty list: write "none"`);
  const members: string[] = [];
  for (const item of items) {
    const fault = memberFault(item, members);
    if (fault === undefined) members.push(item === "self" ? "self" : sfString(item as string));
    else note(fault);
  }
  return members.length === 0 ? undefined : `(${members.join(" ")})`;
}

function memberFault(item: unknown, members: readonly string[]): string | undefined {
  if (typeof item !== "string" || item === "" || item === "none" || item === "*")
    return `must be ${MUST}, got ${item === "none" || item === "*" ? `"${item}" in a list` : describeValue(item)}`;
  if (item !== "self") {
    const entry = parseOriginEntry(item);
    if (isRefused(entry)) return entry.refused;
  }
  const written = item === "self" ? "self" : sfString(item);
  return members.includes(written) ? "must not repeat an earlier entry" : undefined;
}
