import type { Hints } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { unknownOption } from "../../core/options/spelling.js";
import {
  describeValue,
  isPlainObject,
  unsetFault,
  withoutTextsOf,
} from "../../core/options/value.js";
import { checkPreload, type HstsPlaces, readHsts } from "../hsts/hsts-options.js";
import { HEADER_NOTES } from "./header-notes.js";
import type { RecordedHeaders } from "./header-recorder.js";
import { type HelmetSettings, helmetHeaders } from "./helmet-headers.js";
import type { Preset } from "./presets.js";

/** helmet's options; `object` stands for the options of one header, as helmet documents them. */
export type HelmetOverrides = {
  readonly [K in keyof typeof HELMET_OPTIONS | keyof typeof ALIASES]?: boolean | object | undefined;
};

/** The headers that were computed, and what is decided per request. */
export interface HeaderSettings extends RecordedHeaders {
  /** Where `Strict-Transport-Security` is sent. */
  readonly hstsPlaces: HstsPlaces;
  /** The content policy over TLS, where it is another one. */
  readonly policyOverTls: string | undefined;
  /** The options that decided about a header, by its name; what is not named is the preset's. */
  readonly sources: ReadonlyMap<string, string>;
}

/** helmet's names and, for each, the options that it reads; it ignores all others without a word. */
const HELMET_OPTIONS = {
  contentSecurityPolicy: ["useDefaults", "directives", "reportOnly"],
  crossOriginEmbedderPolicy: ["policy"],
  crossOriginOpenerPolicy: ["policy"],
  crossOriginResourcePolicy: ["policy"],
  originAgentCluster: [],
  referrerPolicy: ["policy"],
  strictTransportSecurity: ["maxAge", "includeSubDomains", "preload"],
  xContentTypeOptions: [],
  xDnsPrefetchControl: ["allow"],
  xDownloadOptions: [],
  xFrameOptions: ["action"],
  xPermittedCrossDomainPolicies: ["permittedPolicies"],
  xPoweredBy: [],
  xXssProtection: [],
} as const;

/** helmet's older names. */
const ALIASES = {
  dnsPrefetchControl: "xDnsPrefetchControl",
  frameguard: "xFrameOptions",
  hidePoweredBy: "xPoweredBy",
  hsts: "strictTransportSecurity",
  ieNoOpen: "xDownloadOptions",
  noSniff: "xContentTypeOptions",
  permittedCrossDomainPolicies: "xPermittedCrossDomainPolicies",
  xssFilter: "xXssProtection",
} as const;

/**
 * The directives of CSP Level 3, and those of other standards.
 * @see https://www.iana.org/assignments/content-security-policy-directives
 */
const CSP_DIRECTIVES: readonly string[] =
  `base-uri block-all-mixed-content child-src connect-src default-src fenced-frame-src font-src form-action
  frame-ancestors frame-src img-src manifest-src media-src navigate-to object-src plugin-types prefetch-src report-to
  report-uri require-sri-for require-trusted-types-for sandbox script-src script-src-attr script-src-elem style-src
  style-src-attr style-src-elem trusted-types upgrade-insecure-requests worker-src`.split(/\s+/);

/** What is true or false in the options of a header. */
const FLAGS = ["useDefaults", "reportOnly", "includeSubDomains", "preload", "allow"] as const;

/** All names that helmet knows. */
export const HELMET_NAMES: readonly HelmetName[] = Object.freeze([
  ...namesOf(HELMET_OPTIONS),
  ...namesOf(ALIASES),
]);

const CSP = "Content-Security-Policy";
const UPGRADE = "upgrade-insecure-requests";

/** The content policy of a preset; helmet's own has no directives here. */
interface PolicySettings {
  readonly directives?: HelmetSettings;
}
type HelmetName = keyof HelmetOverrides;
type HelmetReader = OptionsReader<HelmetName>;
/** The options of one header stand in a table per header, so their names are no types. */
type HeaderReader = OptionsReader<string>;

/** For those who expect it beside the others. */
export const NO_PERMISSIONS_POLICY =
  "helmet does not know it, and it concerns pages only: a route that serves pages sets Permissions-Policy itself";

/** What people call helmet's options. */
export const HELMET_HINTS: Hints<HelmetOverrides> = {
  csp: "contentSecurityPolicy",
  expectCt: "leave it out, browsers no longer read Expect-CT",
  featurePolicy: NO_PERMISSIONS_POLICY,
  permissionsPolicy: NO_PERMISSIONS_POLICY,
};

/** Reads `helmet` and `hsts` over the preset, and has helmet make the headers. Problems are noted. */
export function readHelmetOptions(
  reader: OptionsReader<"helmet" | "hsts">,
  preset: Preset,
): HeaderSettings {
  const settings: Record<string, unknown> = Object.assign(Object.create(null), preset.helmet);
  const own = reader.object<HelmetOverrides>("helmet", tableOf(HELMET_NAMES), HELMET_HINTS, "{}");
  if (own !== undefined) readOverrides(own, preset, settings);
  const pinsTwice = own?.has("strictTransportSecurity") === true || own?.has("hsts") === true;
  const hsts = reader.has("hsts") ? readHsts(reader, pinsTwice) : undefined;
  if (hsts !== undefined) settings["strictTransportSecurity"] = hsts.header;
  const hstsPlaces = hsts?.places ?? (preset.pinsEverywhere ? "everywhere" : "overTls");
  try {
    const { set, removed } = helmetHeaders(settings);
    checkPreload(reader, set.get("Strict-Transport-Security"));
    const policyOverTls = preset.upgradesOverTls ? upgrading(own, set.get(CSP)) : undefined;
    const sources = sourcesOf(own, hsts !== undefined);
    return { set, removed, hstsPlaces, policyOverTls, sources };
  } catch (error) {
    const words = error instanceof Error ? error.message : "it failed";
    const known = new Set([...HELMET_NAMES, ...CSP_DIRECTIVES]);
    reader.note(
      "helmet",
      `must be what helmet accepts: ${withoutTextsOf(reader.raw("helmet"), words, known)}`,
    );
    const nothing = { set: new Map(), removed: new Set<string>(), sources: new Map() };
    return { ...nothing, hstsPlaces, policyOverTls: undefined };
  }
}

function sourcesOf(own: HelmetReader | undefined, hasHsts: boolean): Map<string, string> {
  const sources = new Map<string, string>();
  for (const [header, { helmet }] of HEADER_NOTES) {
    const written = HELMET_NAMES.find(
      (name) => (isAlias(name) ? ALIASES[name] : name) === helmet && own?.has(name) === true,
    );
    if (written !== undefined) sources.set(header, `helmet.${written}`);
  }
  if (hasHsts) sources.set("Strict-Transport-Security", "hsts");
  return sources;
}

/** The policy with the directive that lets pages load everything over TLS, unless the user has spoken about it or about all. */
function upgrading(own: HelmetReader | undefined, policy: string | undefined): string | undefined {
  if (policy === undefined || policy.includes(UPGRADE)) return undefined;
  const given = Object(own?.raw("contentSecurityPolicy")) as {
    readonly useDefaults?: boolean | undefined;
    readonly directives?: object;
  };
  // The preset has no part in such a policy.
  if (given.useDefaults !== undefined) return undefined;
  const isNamed = Object.keys(given.directives ?? {}).some((name) => dashed(name) === UPGRADE);
  return isNamed ? undefined : `${policy};${UPGRADE}`;
}

function readOverrides(own: HelmetReader, preset: Preset, settings: Record<string, unknown>): void {
  for (const written of HELMET_NAMES) {
    if (!own.has(written)) continue;
    const name = isAlias(written) ? ALIASES[written] : written;
    if (name !== written && own.has(name))
      own.note(written, `must be left out when ${name} is given: they are the same`);
    const keys: readonly string[] = HELMET_OPTIONS[name];
    const value = own.raw(written);
    if (value === true) settings[name] = preset.helmet[name] || true;
    else if (value === false) settings[name] = false;
    else if (keys.length === 0) own.problem(written, "true or false");
    else if (!isPlainObject(value))
      own.problem(written, `true, false or an object with ${keys.join(", ")}`);
    else
      settings[name] = readHeader(
        own.nested<HelmetSettings>(written, value, tableOf(keys)),
        preset.helmet[name],
        name,
        keys,
      );
  }
}

/** The options of one header, over those of the preset. */
function readHeader(
  own: HeaderReader,
  preset: unknown,
  name: string,
  keys: readonly string[],
): HelmetSettings {
  const merged: Record<string, unknown> = Object.create(null);
  if (typeof preset === "object") Object.assign(merged, preset);
  for (const key of keys) if (own.has(key)) merged[key] = own.raw(key);
  // helmet takes any text for true, "false" as well.
  for (const key of FLAGS) if (own.has(key)) own.boolean(key);
  if (own.has("maxAge") && !Number.isSafeInteger(own.raw("maxAge")))
    own.problem("maxAge", "a whole number of seconds, as helmet counts");
  if (name === "contentSecurityPolicy")
    merged["directives"] = readDirectives(own, Object(preset) as PolicySettings);
  return merged;
}

/** The user's directives over the preset's, unless `useDefaults` says which others they stand on. */
function readDirectives(own: HeaderReader, preset: PolicySettings): HelmetSettings | undefined {
  const given = own.has("directives") ? own.raw("directives") : {};
  if (!isPlainObject(given)) {
    own.problem("directives", "an object of directives");
    return undefined;
  }
  const merged: Record<string, unknown> = Object.create(null);
  const names = new Set(Object.keys(given).map(dashed));
  if (!own.has("useDefaults")) {
    for (const [name, value] of Object.entries(preset.directives ?? {}))
      if (!names.has(name)) merged[name] = value;
  }
  for (const name of Object.keys(given)) {
    // Browsers ignore a directive that they do not know: the page would go without its protection.
    if (CSP_DIRECTIVES.includes(dashed(name))) merged[name] = readDirective(own, name, given[name]);
    else {
      const meant = dashed(name.replace(/-?[sS]ource$/, "-src"));
      const hints = CSP_DIRECTIVES.includes(meant) ? { [name]: meant } : {};
      own.note("directives", unknownOption(name, CSP_DIRECTIVES, hints));
    }
  }
  return merged;
}

function readDirective(own: HeaderReader, name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) {
    if (typeof value === "function") noteFunction(own, name);
    else if (typeof value === "string") noteUnset(own, name, value);
    else if (value !== null) noteElement(own, name, value);
    return value;
  }
  // A generator can be walked once only, and what the user's list holds later must not matter.
  const elements = [...(value as Iterable<unknown>)];
  if (elements.some((element) => typeof element === "function")) noteFunction(own, name);
  // By its place: what is wrong may be `undefined`, as an unset variable gives it.
  const odd = elements.findIndex(
    (element) => (typeof element !== "string" || element === "") && typeof element !== "function",
  );
  if (odd !== -1) noteElement(own, name, elements[odd]);
  const sources = elements.filter((element) => typeof element === "string");
  for (const source of sources) noteUnset(own, name, source);
  return sources;
}

function noteUnset(own: HeaderReader, name: string, source: string): void {
  const fault = unsetFault(source);
  if (fault !== undefined) own.note(`directives[${JSON.stringify(name)}]`, fault);
}

function noteElement(own: HeaderReader, name: string, value: unknown): void {
  own.note(`directives[${JSON.stringify(name)}]`, `must hold strings, got ${describeValue(value)}`);
}

function noteFunction(own: HeaderReader, name: string): void {
  own.note(
    `directives[${JSON.stringify(name)}]`,
    "must not hold functions: the header is computed once, at start-up, so a nonce would never change. A route that needs one sets its own header",
  );
}

function isAlias(name: HelmetName): name is keyof typeof ALIASES {
  return Object.hasOwn(ALIASES, name);
}

function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): readonly Name[] {
  return Object.keys(table) as Name[];
}

function tableOf<Name extends string>(names: readonly Name[]): Readonly<Record<Name, true>> {
  return Object.fromEntries(names.map((name) => [name, true])) as Record<Name, true>;
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
