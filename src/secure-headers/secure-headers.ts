import type { Request, Response } from "express";
import { watchAnswer } from "../core/answer/watch-answer.js";
import { createMountCheck } from "../core/app/mount-check.js";
import { createGuard } from "../core/guard/guard.js";
import { GUARD_OPTIONS, type GuardOptions, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { cookieCacheWatcher } from "./cookies/cookie-cache.js";
import { type CookieMode, createCookieWatcher } from "./cookies/cookie-watcher.js";
import { type CorsOptions, readCorsOptions } from "./cors/cors-options.js";
import { createCorsPolicy } from "./cors/cors-policy.js";
import {
  type CrossOriginGuardOptions,
  readCrossOriginGuard,
} from "./cross-origin/cross-origin-guard.js";
import { createCrossOriginHandler } from "./cross-origin-handler.js";
import { createHeaderWriter, createReportOnlyWriter } from "./headers/header-writer.js";
import {
  HELMET_NAMES,
  type HelmetOverrides,
  NO_PERMISSIONS_POLICY,
  readHelmetOptions,
} from "./headers/helmet-options.js";
import type { HstsOptions } from "./headers/hsts-options.js";
import { type CacheControl, PRESETS, type Preset, type PresetName } from "./headers/presets.js";
import { createPageWatcher } from "./pages/page-watcher.js";

/** Options of {@link secureHeaders}. */
export interface SecureHeadersOptions extends GuardOptions {
  /**
   * The set of headers that the other options change. `"api"` is for answers that are data, `"web"` for an app that sends
   * pages whose scripts and styles are files of its own origin, `"helmet"` is what helmet sets by itself. @default "api"
   */
  readonly preset?: PresetName | undefined;
  /**
   * helmet's own options, which change the preset. `false` turns a header off. `true` takes the value of the preset
   * or, if it has none, helmet's own. An object changes the members that it names. CSP directives change those of the
   * preset; with `useDefaults: true` they change helmet's own, with `false` there are no others. Directives must not
   * be functions.
   * @see https://helmet.js.org/
   */
  readonly helmet?: HelmetOverrides | undefined;
  /**
   * `Strict-Transport-Security`, or `false` for none. Sent only over TLS (`req.secure`) unless `always` is `true`, and
   * never to `localhost` or an IP address; left out with the preset helmet, on every answer. Where a proxy seems to end TLS and Express does not trust it, a warning says so.
   * @see https://www.rfc-editor.org/rfc/rfc6797#section-7.2
   */
  readonly hsts?: false | HstsOptions | undefined;
  /**
   * `Cache-Control: no-store` on answers whose handler does not set it; `"authenticated"` only if the request has a
   * `Cookie` or `Authorization`, or the answer sets a cookie; `false` for none. `express.static` keeps a value that is already set: mount it before
   * this middleware, or turn this off. @default "no-store" ("authenticated" with the preset web, false with helmet)
   */
  readonly cacheControl?: CacheControl | undefined;
  /** CORS. No page of another origin can read an answer unless this is given. */
  readonly cors?: CorsOptions | undefined;
  /**
   * Refuses unsafe requests with a cookie, HTTP authentication or a client certificate if a page of another origin
   * sends them: 403 `cross_origin_blocked`. Origins of `cors` may send them if `credentials` is `true`. It does not
   * check GET and HEAD, or requests whose only credential is a bearer token, except on the paths of `always`. @default true with
   * `cors`, and in `secureApi({ authenticate })`, else false
   */
  readonly crossOriginGuard?: boolean | CrossOriginGuardOptions | undefined;
  /**
   * What is done about `Set-Cookie` of a cookie that stands for a user, by its name (`connect.sid`, `session`,
   * `access_token`), without `HttpOnly`, `Secure` (over TLS) or `SameSite`. `"warn"` warns once for each name; `"enforce"`
   * adds what is missing, with `SameSite=Lax`. Cookies against CSRF, which scripts read, are left alone. @default "warn"
   */
  readonly cookies?: CookieMode | false | undefined;
}

const KEYS: OptionKeys<SecureHeadersOptions> = {
  ...GUARD_OPTIONS,
  preset: true,
  helmet: true,
  hsts: true,
  cacheControl: true,
  cors: "neverUndefined",
  crossOriginGuard: "neverUndefined",
  cookies: "neverUndefined",
};

const NOSNIFF = "X-Content-Type-Options";
const PRESET_NAMES = ["api", "web", "helmet"] as const satisfies readonly PresetName[];

/** helmet's own names, and those of cors and csurf. */
export const SECURE_HEADERS_HINTS: Hints<SecureHeadersOptions> = {
  ...Object.fromEntries(HELMET_NAMES.map((name) => [name, `helmet.${name}` as const])),
  origin: "cors.origins",
  origins: "cors.origins",
  credentials: "cors.credentials",
  allowedHeaders: "cors.allowedHeaders",
  exposedHeaders: "cors.exposedHeaders",
  methods: "cors.methods",
  maxAge: "write hsts: { maxAge } for Strict-Transport-Security, cors: { maxAge } for preflights",
  exempt: "crossOriginGuard.exempt",
  csp: "helmet.contentSecurityPolicy",
  noCache: "leave it out, Cache-Control: no-store is sent by default",
  permissionsPolicy: NO_PERMISSIONS_POLICY,
  csrf: "there are no csrf tokens: crossOriginGuard: true refuses what pages of other sites send with the user's cookies",
  crossOrigin:
    "cors: { origins } lets pages of other origins read answers, crossOriginGuard: true refuses what they send with the user's cookies",
};

/**
 * Sets the security headers of every answer, answers CORS preflights, and refuses what pages of other sites send with
 * the user's cookies.
 *
 * Mount it before everything that refuses or answers, so that pages can read refusals too. A CORS denial never blocks
 * an ordinary request (the browser keeps the answer from the page); the cross-origin guard does.
 *
 * @throws {@link OptionsError} when an option is unknown, wrong or dangerous.
 */
export function secureHeaders(options: SecureHeadersOptions = {}): Middleware {
  return createSecureHeaders(options).middleware;
}

/** {@link secureHeaders}, with what the preset has to know of it. */
export function createSecureHeaders(options: SecureHeadersOptions): {
  readonly middleware: Middleware;
  /** Whether it answers requests by itself: CORS or the cross-origin guard is on. */
  readonly answers: boolean;
} {
  const reader = readOptions<SecureHeadersOptions>(
    "secureHeaders",
    options,
    KEYS,
    SECURE_HEADERS_HINTS,
    "secureHeaders()",
  );
  const guardOptions = readGuardOptions(reader);
  const name = reader.oneOf("preset", PRESET_NAMES, { default: "api" });
  const preset = PRESETS[name];
  const headers = readHelmetOptions(reader, preset);
  const cacheControl = readCacheControl(reader, preset);
  const corsSettings = readCorsOptions(reader);
  const crossOriginGuard = readCrossOriginGuard(reader, corsSettings !== undefined);
  const cookies = readCookies(reader);
  reader.finish();

  const guard = createGuard("secureHeaders", "headers", guardOptions);
  const write = guard.enforced
    ? createHeaderWriter(headers, cacheControl)
    : createReportOnlyWriter(headers);
  const cors = corsSettings === undefined ? undefined : createCorsPolicy(corsSettings);
  const parts = [
    `preset(${name})`,
    ...(cors ? ["cors"] : []),
    ...(crossOriginGuard ? ["crossOriginGuard"] : []),
    ...(cookies === "enforce" ? ["cookies"] : []),
  ];
  const rule = parts.join(", ");
  const watchers = [
    ...(cookies ? [createCookieWatcher(guard, cookies)] : []),
    ...(guard.enforced && cacheControl === "authenticated" ? [cookieCacheWatcher] : []),
    ...(guard.enforced ? [] : [createPageWatcher(guard.name, headers.set.has(NOSNIFF))]),
  ];
  const prepare = (req: Request, res: Response): void => {
    write(req, res);
    for (const watcher of watchers) watchAnswer(req, res, watcher);
  };
  if (cors === undefined && crossOriginGuard === undefined) {
    const middleware = guard.middleware(
      (req, res, next) => {
        prepare(req, res);
        guard.pass(next);
      },
      { rule },
    );
    return { middleware, answers: false };
  }
  const handleCrossOrigin = createCrossOriginHandler(guard, cors, crossOriginGuard);
  const always = crossOriginGuard?.always ?? [];
  const checkMount = createMountCheck("secureHeaders", always.length === 0 ? [] : [always]);
  const middleware = guard.middleware(
    (req, res, next) => {
      checkMount(req);
      prepare(req, res);
      handleCrossOrigin(req, res, next);
    },
    { rule },
  );
  return { middleware, answers: true };
}

function readCacheControl(reader: OptionsReader<"cacheControl">, preset: Preset): CacheControl {
  const value = reader.raw("cacheControl");
  if (value === undefined) return preset.cacheControl;
  if (value === "no-store" || value === "authenticated" || value === false) return value;
  const fix = value === true ? "" : "leave it out, a handler that sets Cache-Control replaces it";
  reader.problem("cacheControl", '"no-store", "authenticated" or false', fix);
  return preset.cacheControl;
}

function readCookies(reader: OptionsReader<"cookies">): CookieMode | false {
  const value = reader.raw("cookies");
  if (value === undefined || value === "warn" || value === "enforce" || value === false)
    return value ?? "warn";
  const fix = value === true ? 'write "enforce" to add what is missing' : "";
  reader.problem("cookies", '"warn", "enforce" or false', fix);
  return "warn";
}
