import { METHODS as KNOWN_METHODS } from "node:http";
import type { Request } from "express";
import { isToken } from "../../core/http/header-values.js";
import { type OriginList, readOriginList } from "../../core/http/origins/origin-list.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { closest } from "../../core/options/spelling.js";
import { isHarmless } from "../../core/options/value.js";

/** Options of CORS: which pages of other origins may read answers, and what they may send. */
export interface CorsOptions {
  /**
   * The origins whose pages may read answers: exact ones (`"https://app.example.com"`), patterns in which a star
   * stands for exactly one label (`"https://*.example.com"`: not `example.com` itself, not two labels), `"*"` for all,
   * or a function that returns `true` or `false`, or a promise of it, within 5 seconds. The function gets only
   * well-formed origins, never `null`. An origin for which it throws, rejects, takes longer or gives anything else is
   * not allowed.
   *
   * A preflight from another origin is answered 403 `cors_not_allowed`. Any other request goes on, and the browser
   * does not show the answer to the page.
   * @see https://fetch.spec.whatwg.org/#cors-protocol
   */
  readonly origins:
    | string
    | readonly string[]
    | ((origin: string, req: Request) => boolean | Promise<boolean>);
  /**
   * Whether these pages may send cookies, HTTP authentication and client certificates. Bearer tokens do not need it.
   * @default false
   */
  readonly credentials?: boolean | undefined;
  /**
   * Methods that a preflight allows, upper case. Browsers send simple GET, HEAD and POST requests without asking.
   * @default ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
   */
  readonly methods?: string | readonly string[] | undefined;
  /**
   * Request headers that a preflight allows. `"*"` allows all but `Authorization`, and only without `credentials`.
   * @default ["Authorization", "Content-Type"]
   */
  readonly allowedHeaders?: string | readonly string[] | undefined;
  /**
   * Response headers that the pages may read, besides those that this library sets: `RateLimit`, `RateLimit-Policy`,
   * `X-RateLimit-Limit`, `-Remaining`, `-Reset`, `Retry-After`, `WWW-Authenticate`, `DPoP-Nonce` and `X-Request-Id`.
   */
  readonly exposedHeaders?: string | readonly string[] | undefined;
  /** How long browsers may remember a preflight. A duration in whole seconds, `"0s"` to `"1d"`. @default "10m" */
  readonly maxAge?: string | undefined;
  /** Allows `http://` origins of other machines together with `credentials`. @default false */
  readonly dangerouslyAllowInsecureOrigins?: boolean | undefined;
  /** Allows patterns for domains where anybody can get a subdomain, such as `github.io`. @default false */
  readonly dangerouslyAllowSharedDomains?: boolean | undefined;
}

/** {@link CorsOptions}, read. */
export interface CorsSettings {
  readonly origins: OriginList;
  readonly credentials: boolean;
  readonly methods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

const KEYS: OptionKeys<CorsOptions> = {
  origins: true,
  credentials: true,
  methods: "neverUndefined",
  allowedHeaders: "neverUndefined",
  exposedHeaders: true,
  maxAge: true,
  dangerouslyAllowInsecureOrigins: true,
  dangerouslyAllowSharedDomains: true,
};
/** What cors, @fastify/cors, hono and Spring call them. */
export const CORS_HINTS: Hints<CorsOptions> = {
  preflightContinue: "preflights are answered here and never reach a route: leave it out",
  optionsSuccessStatus: "preflights are answered 204, which every browser takes: leave it out",
  origin: "origins",
  allowedOrigins: "origins",
  allowOrigin: "origins",
  headers: "allowedHeaders",
  allowHeaders: "allowedHeaders",
  allowMethods: "methods",
  allowedMethods: "methods",
  exposeHeaders: "exposedHeaders",
  allowCredentials: "credentials",
};
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const ALLOWED_HEADERS = ["Authorization", "Content-Type"];
/** What this library sets on answers and pages need to read. */
const OWN_HEADERS = [
  "RateLimit",
  "RateLimit-Policy",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "Retry-After",
  "WWW-Authenticate",
  "DPoP-Nonce",
  "X-Request-Id",
];
/** https://fetch.spec.whatwg.org/#forbidden-request-header */
const FORBIDDEN_REQUEST =
  /^(?:accept-charset|accept-encoding|access-control-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|proxy-.*|referer|sec-.*|set-cookie|te|trailer|transfer-encoding|upgrade|via)$/i;
/** https://fetch.spec.whatwg.org/#forbidden-response-header-name */
const FORBIDDEN_RESPONSE = /^(?:set-cookie2?|access-control-.*)$/i;

const NO_CORS = "leave it out to let no page of another origin read answers";

type CorsReader = OptionsReader<keyof CorsOptions>;

/** Reads `cors`. @returns `undefined` when it is left out. Problems are noted. */
export function readCorsOptions(reader: OptionsReader<"cors">): CorsSettings | undefined {
  const value = reader.raw("cors");
  // An example would open what `false` was meant to close.
  if (value === false || value === null) {
    reader.problem("cors", "an options object", NO_CORS);
    return undefined;
  }
  const own = reader.object<CorsOptions>(
    "cors",
    KEYS,
    CORS_HINTS,
    '{ origins: ["https://app.example.com"] }',
  );
  if (own === undefined) return undefined;
  const credentials = own.boolean("credentials");
  const allowInsecure = own.boolean("dangerouslyAllowInsecureOrigins");
  const allowShared = own.boolean("dangerouslyAllowSharedDomains");
  const exposed = readNames(own, "exposedHeaders", [], FORBIDDEN_RESPONSE, credentials);
  return {
    origins: readOriginList(own, { credentials, allowInsecure, allowShared }),
    credentials,
    methods: readMethods(own),
    allowedHeaders: readNames(
      own,
      "allowedHeaders",
      ALLOWED_HEADERS,
      FORBIDDEN_REQUEST,
      credentials,
    ),
    exposedHeaders: exposed.includes("*") ? ["*"] : withOwn(exposed),
    maxAgeSeconds: readMaxAge(own),
  };
}

function readMethods(own: CorsReader): readonly string[] {
  const methods = own.strings("methods", { default: METHODS }) ?? METHODS;
  for (const method of methods) {
    const upper = method.toUpperCase();
    if (method === "*" || !isToken(method)) {
      own.note("methods", "must be a list of method names, one entry for each");
    } else if (/^(?:connect|trace|track)$/i.test(method)) {
      own.note("methods", `must not have ${upper}: browsers never send it`);
    } else if (!KNOWN_METHODS.includes(upper)) {
      const meant = closest(upper, KNOWN_METHODS);
      const fix = meant === undefined ? "GET, POST and such" : `did you mean "${meant}"?`;
      own.note("methods", `must be methods that this Node.js knows: ${fix}`);
    } else if (method !== upper) {
      // Methods are case-sensitive (RFC 9110 §9.1), and browsers send `patch` as it is written.
      own.note("methods", `must be in upper case: write "${upper}"`);
    }
  }
  return methods;
}

function readNames(
  own: CorsReader,
  key: "allowedHeaders" | "exposedHeaders",
  fallback: readonly string[],
  forbidden: RegExp,
  credentials: boolean,
): readonly string[] {
  const names = own.strings(key, { default: fallback }) ?? fallback;
  const seen = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (name === "*") {
      if (credentials)
        own.note(
          key,
          'must not have "*" with credentials: true, where it has no effect: name the headers',
        );
    } else if (!isToken(name)) {
      own.note(key, "must be a list of header names, one entry for each");
    } else if (forbidden.test(name)) {
      own.note(
        key,
        `must not have ${forbiddenName(name)}: browsers do not let pages ${key === "allowedHeaders" ? "send" : "read"} it`,
      );
    }
    if (seen.has(lower) && isToken(name))
      own.note(
        key,
        isHarmless(lower)
          ? `must not have ${lower} twice, in any letter case`
          : "must not repeat an earlier entry, in any letter case",
      );
    seen.add(lower);
  }
  return names;
}

/** Some of these names are families: what follows the prefix is printed only when it is made of short words. */
function forbiddenName(name: string): string {
  const family = /^(?:access-control|proxy|sec)-/i.exec(name)?.[0];
  return family === undefined || name.split("-").every(isHarmless) ? name : `${family}*`;
}

function withOwn(names: readonly string[]): readonly string[] {
  const own = new Set(OWN_HEADERS.map((name) => name.toLowerCase()));
  return [...OWN_HEADERS, ...names.filter((name) => !own.has(name.toLowerCase()))];
}

function readMaxAge(own: CorsReader): number {
  const milliseconds = own.duration("maxAge", { min: "0s", max: "1d", default: "10m", step: "1s" });
  if (milliseconds % 1000 !== 0) own.note("maxAge", 'must be in whole seconds, such as "10m"');
  return Math.floor(milliseconds / 1000);
}
