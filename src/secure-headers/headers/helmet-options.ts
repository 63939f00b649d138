import type { Hints } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject, withoutTextsOf } from "../../core/options/value.js";
import { CSP_DIRECTIVES, dashed, readDirectives } from "../csp/csp-directives.js";
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
  /** The directive that the content policy has only over TLS. */
  readonly directiveOverTls: string | undefined;
  /** Seconds of `Strict-Transport-Security` in report mode; `undefined` for none. */
  readonly trialMaxAge: number | undefined;
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

/** What is true or false in the options of a header. */
const FLAGS = ["useDefaults", "reportOnly", "includeSubDomains", "preload", "allow"] as const;

/** All names that helmet knows. */
export const HELMET_NAMES: readonly HelmetName[] = Object.freeze([
  ...namesOf(HELMET_OPTIONS),
  ...namesOf(ALIASES),
]);

const CSP = "Content-Security-Policy";
const UPGRADE = "upgrade-insecure-requests";

type HelmetName = keyof HelmetOverrides;
type HelmetReader = OptionsReader<HelmetName>;
/** The options of one header stand in a table per header, so their names are no types. */
type HeaderReader = OptionsReader<string>;

/** Beside `helmet`, not in it. */
const PERMISSIONS_POLICY =
  'helmet does not know it: write permissionsPolicy beside helmet, as in permissionsPolicy: { camera: "none" }';

/** What people call helmet's options. */
export const HELMET_HINTS: Hints<HelmetOverrides> = {
  csp: "contentSecurityPolicy",
  expectCt: "leave it out, browsers no longer read Expect-CT",
  featurePolicy: PERMISSIONS_POLICY,
  permissionsPolicy: PERMISSIONS_POLICY,
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
  const common = { hstsPlaces, trialMaxAge: hsts?.trialMaxAge };
  try {
    const { set, removed } = helmetHeaders(settings);
    checkPreload(reader, set.get("Strict-Transport-Security"));
    const isUpgraded = preset.upgradesOverTls && upgrades(own, set.get(CSP));
    const directiveOverTls = isUpgraded ? UPGRADE : undefined;
    return {
      ...common,
      set,
      removed,
      directiveOverTls,
      sources: sourcesOf(own, hsts !== undefined),
    };
  } catch (error) {
    const words = error instanceof Error ? error.message : "it failed";
    const known = new Set([...HELMET_NAMES, ...CSP_DIRECTIVES]);
    reader.note(
      "helmet",
      `must be what helmet accepts: ${withoutTextsOf(reader.raw("helmet"), words, known)}`,
    );
    const nothing = { set: new Map(), removed: new Set<string>(), sources: new Map() };
    return { ...common, ...nothing, directiveOverTls: undefined };
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

/** Whether pages load everything over TLS, unless the user has spoken about that directive or about all. */
function upgrades(own: HelmetReader | undefined, policy: string | undefined): boolean {
  if (policy === undefined || policy.includes(UPGRADE)) return false;
  const given = Object(own?.raw("contentSecurityPolicy")) as {
    readonly useDefaults?: boolean | undefined;
    readonly directives?: object;
  };
  // The preset has no part in such a policy.
  if (given.useDefaults !== undefined) return false;
  return !Object.keys(given.directives ?? {}).some((name) => dashed(name) === UPGRADE);
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
    merged["directives"] = readDirectives(
      own,
      "directives",
      own.has("useDefaults") ? {} : directivesOf(preset),
    );
  return merged;
}

function directivesOf(preset: unknown): HelmetSettings {
  return (Object(preset) as { readonly directives?: HelmetSettings }).directives ?? {};
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

/** helmet's current name of an option that has an older one as well. */
export function helmetName(name: string): string {
  return isAlias(name as HelmetName) ? ALIASES[name as keyof typeof ALIASES] : name;
}
