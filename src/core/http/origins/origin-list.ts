import type { Request } from "express";
import { createCall } from "../../calls/create-call.js";
import { wrongReturn } from "../../calls/user-function.js";
import type { OptionsReader } from "../../options/options-reader.js";
import { describeValue } from "../../options/value.js";
import { isRefused } from "../../refusal/refused.js";
import { type OriginEntry, parseOriginEntry } from "./origin-entry.js";

/** Which origins may read answers. */
export interface OriginList {
  /** Every origin, `null` included: `origins` is `"*"`. */
  readonly any: boolean;
  /** Whether the origin is listed. @throws FunctionFailure when the app's function fails */
  allows(origin: string, req: Request): boolean | Promise<boolean>;
  /** Whether the origin is listed by text: where a function decides, none is. */
  lists(origin: string): boolean;
}

/** What the entries must keep to. */
export interface OriginRules {
  readonly credentials: boolean;
  readonly allowInsecure: boolean;
  readonly allowShared: boolean;
}

const MUST = 'an origin such as "https://app.example.com", a list of them, "*" or a function';
/** An origin as browsers serialise it; the app's function is not asked about anything else. */
const SERIALIZED = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;
const LABEL = /^[a-z0-9_-]{1,63}$/;

/** Reads `origins`. Problems are noted, each with the corrected value where there is one. */
export function readOriginList(reader: OptionsReader<"origins">, rules: OriginRules): OriginList {
  const value = reader.raw("origins");
  if (typeof value === "function")
    return fromFunction(value as (origin: string, req: Request) => unknown);
  if (value === undefined) {
    reader.note(
      "origins",
      `must be ${MUST}, got undefined: is it read from a variable that is not set?`,
    );
    return fromEntries([]);
  }
  const items = reader.items("origins") ?? [];
  if (items.length === 0)
    reader.note("origins", `must be ${MUST}, got an empty list: leave cors out to allow no origin`);
  if (items.some((item) => item.value === "*")) {
    if (items.length > 1)
      reader.note(
        "origins",
        'must not have "*" beside other entries: it already allows every origin',
      );
    if (rules.credentials) {
      reader.note(
        "origins",
        'must not be "*" with credentials: true, every site could act as the user: list the origins',
      );
    }
    return { any: true, allows: () => true, lists: () => true };
  }
  const entries: OriginEntry[] = [];
  for (const item of items) {
    const problem = addEntry(item.value, rules, entries);
    if (problem !== undefined) item.note(problem);
  }
  return fromEntries(entries);
}

function addEntry(item: unknown, rules: OriginRules, entries: OriginEntry[]): string | undefined {
  if (item instanceof RegExp) return `must not be a regular expression: write ${patternFor(item)}`;
  if (item === true) return "must not be true, that would allow every site: list the origins";
  if (typeof item !== "string" || item === "") {
    const hint =
      item === undefined || item === "" ? ": is it read from a variable that is not set?" : "";
    return `must be ${MUST}, got ${describeValue(item)}${hint}`;
  }
  const entry = parseOriginEntry(item);
  if (isRefused(entry)) return entry.refused;
  if (entries.some(({ text }) => text === entry.text)) return "must not repeat an earlier entry";
  entries.push(entry);
  if (entry.insecure && rules.credentials && !rules.allowInsecure) {
    return `must be https with credentials: true, or anybody on the network could act as the user: write "${entry.text.replace("http:", "https:")}", or set dangerouslyAllowInsecureOrigins`;
  }
  if (entry.shared && !rules.allowShared) {
    return "must not have a wildcard over a domain where anybody can get a subdomain: list the full origins, or set dangerouslyAllowSharedDomains";
  }
  return undefined;
}

/** The pattern that was probably meant by a regular expression. */
function patternFor(expression: RegExp): string {
  const domain = /((?:[a-z0-9-]+\\?\.)+[a-z]{2,24})\$?$/
    .exec(expression.source)?.[1]
    ?.replaceAll("\\", "");
  return domain === undefined
    ? 'the origins out, or a pattern such as "https://*.example.com"'
    : `"https://${domain}", or "https://*.${domain}" for its direct subdomains`;
}

function fromEntries(entries: readonly OriginEntry[]): OriginList {
  const exact = new Set<string>();
  const patterns: NonNullable<OriginEntry["pattern"]>[] = [];
  for (const { text, pattern } of entries) {
    if (pattern === undefined) exact.add(text);
    else patterns.push(pattern);
  }

  function allows(origin: string): boolean {
    if (exact.has(origin)) return true;
    for (const { before, after } of patterns) {
      if (origin.startsWith(before) && origin.endsWith(after)) {
        if (LABEL.test(origin.slice(before.length, -after.length))) return true;
      }
    }
    return false;
  }

  return { any: false, allows, lists: allows };
}

function fromFunction(decide: (origin: string, req: Request) => unknown): OriginList {
  const option = "secureHeaders.cors.origins";
  const call = createCall(decide, {
    option,
    parse(value) {
      if (typeof value === "boolean") return value;
      throw wrongReturn(option, "true or false", value);
    },
  });
  return {
    any: false,
    allows: (origin, req) => SERIALIZED.test(origin) && call(origin, req),
    lists: () => false,
  };
}
