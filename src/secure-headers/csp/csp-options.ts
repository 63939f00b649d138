import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { OptionItem } from "../../core/options/problem-list.js";
import { describeValue } from "../../core/options/value.js";
import { type Directives, dashed, readDirectives } from "./csp-directives.js";

/** A directive that nonces are for. */
export type NonceDirective = "scriptSrc" | "styleSrc";

/** Options of the content policy that helmet does not have. */
export interface CspOptions {
  /**
   * Gives each answer a nonce: `getCspNonce(req)`, and `cspNonce` in templates. Browsers run inline scripts and use
   * `<style>` elements that carry it as their `nonce`. `true` is for both, `"scriptSrc"` or `"styleSrc"` for one. 144 random
   * bits, never the same twice. Not together with `'unsafe-inline'`. Answers without `Cache-Control` get `private`, so that no
   * shared cache gives one nonce to several users, unless `cacheControl` is `false`. @default false
   * @see https://www.w3.org/TR/CSP3/#security-nonces
   */
  readonly nonce?: boolean | NonceDirective | readonly NonceDirective[] | undefined;
  /**
   * Directives of a second policy, which only reports: a stricter one to try out beside the one that is enforced. Nothing of
   * the preset is added but the nonce.
   * @see https://www.w3.org/TR/CSP3/#cspro-header
   */
  readonly reportOnly?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** {@link CspOptions}, read. */
export interface CspSettings {
  /** The directives that get a nonce, as browsers know them. */
  readonly nonce: readonly string[];
  /** In helmet's terms. */
  readonly reportOnly: Directives | undefined;
}

const KEYS: OptionKeys<CspOptions> = { nonce: "neverUndefined", reportOnly: true };
const NONCE_DIRECTIVES: readonly string[] = ["scriptSrc", "styleSrc"] satisfies NonceDirective[];
/** What browsers ignore in a policy that only reports. */
const ENFORCED_ONLY = ["sandbox", "upgrade-insecure-requests", "block-all-mixed-content"];

/** What people call them, and what stands in helmet's options. */
export const CSP_HINTS: Hints<CspOptions> = {
  nonces: "nonce",
  useNonce: "nonce",
  directives: "the policy itself stands in helmet: { contentSecurityPolicy: { directives } }",
  useDefaults: "the policy itself stands in helmet: { contentSecurityPolicy: { useDefaults } }",
  reportUri: "reporting: { endpoints, contentSecurityPolicy } says where browsers report to",
  reportTo: "reporting: { endpoints, contentSecurityPolicy } says where browsers report to",
};

/** Reads `csp`. Problems are noted. */
export function readCspOptions(reader: OptionsReader<"csp">): CspSettings {
  const own = reader.object<CspOptions>("csp", KEYS, CSP_HINTS, "{ nonce: true }");
  if (own === undefined) return { nonce: [], reportOnly: undefined };
  return { nonce: readNonce(own), reportOnly: readReportOnly(own) };
}

function readNonce(own: OptionsReader<"nonce">): readonly string[] {
  const value = own.raw("nonce");
  if (value === undefined || value === false) return [];
  if (value === true) return ["script-src", "style-src"];
  const items = own.items("nonce") ?? [];
  if (items.length === 0)
    own.note("nonce", 'must be true, "scriptSrc", "styleSrc" or a list of them, got an empty list');
  const found = items
    .filter(isDirective)
    .map(({ value }) => (value === "scriptSrc" ? "script-src" : "style-src"));
  return [...new Set(found)];
}

function isDirective({ value, note }: OptionItem): boolean {
  if (NONCE_DIRECTIVES.includes(value as string)) return true;
  note(`must be true, "scriptSrc" or "styleSrc", got ${describeValue(value)}`);
  return false;
}

function readReportOnly(own: OptionsReader<"reportOnly">): Directives | undefined {
  if (!own.has("reportOnly")) return undefined;
  const directives = readDirectives(own, "reportOnly", {});
  if (directives === undefined) return undefined;
  const names = Object.keys(directives);
  if (names.length === 0) {
    // Directives that are not known are told already.
    if (Object.keys(Object(own.raw("reportOnly"))).length === 0)
      own.problem("reportOnly", "an object of directives", "leave it out for none");
    return undefined;
  }
  for (const name of names) {
    if (directives[name] === null)
      own.note(
        "reportOnly",
        `must not have ${dashed(name)} as null: leave it out, nothing is taken over from elsewhere`,
      );
    if (ENFORCED_ONLY.includes(dashed(name)))
      own.note(
        "reportOnly",
        `must not have ${dashed(name)}: browsers ignore it in a policy that only reports`,
      );
  }
  return directives;
}
