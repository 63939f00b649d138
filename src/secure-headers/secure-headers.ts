import type { NextFunction, Request, Response } from "express";
import { watchAnswer } from "../core/answer/watch-answer.js";
import { createMountCheck } from "../core/app/mount-check.js";
import { createGuard } from "../core/guard/guard.js";
import { readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { cookieCacheWatcher } from "./cookies/cookie-cache.js";
import { type CookieMode, createCookieWatcher } from "./cookies/cookie-watcher.js";
import { readCorsOptions } from "./cors/cors-options.js";
import { createCorsPolicy } from "./cors/cors-policy.js";
import { createCrossOriginGuard, readCrossOriginGuard } from "./cross-origin/cross-origin-guard.js";
import { createCrossOriginHandler } from "./cross-origin-handler.js";
import { createHeaderWriter, createReportOnlyWriter } from "./headers/header-writer.js";
import { readHelmetOptions } from "./headers/helmet-options.js";
import { type CacheControl, PRESETS, type Preset, type PresetName } from "./headers/presets.js";
import { readHosts } from "./hosts/hosts-options.js";
import { readHttps } from "./https/https-options.js";
import { createPageWatcher } from "./pages/page-watcher.js";
import {
  SECURE_HEADERS_HINTS,
  SECURE_HEADERS_KEYS,
  type SecureHeadersOptions,
} from "./secure-headers-options.js";
import { createTransportHandler } from "./transport-handler.js";
import { createUpgradeCheck, type UpgradeCheck } from "./upgrade-check.js";

/** What {@link secureHeaders} returns. */
export interface SecureHeaders extends Middleware, UpgradeCheck {}

const NOSNIFF = "X-Content-Type-Options";
const PRESET_NAMES = ["api", "web", "helmet"] as const satisfies readonly PresetName[];

/**
 * Sets the security headers of every answer, answers CORS preflights, and refuses what pages of other sites send with
 * the user's cookies.
 *
 * Mount it before everything that refuses or answers, so that pages can read refusals too. A CORS denial never blocks
 * an ordinary request (the browser keeps the answer from the page); the cross-origin guard does.
 *
 * @throws {@link OptionsError} when an option is unknown, wrong or dangerous.
 */
export function secureHeaders(options: SecureHeadersOptions = {}): SecureHeaders {
  return createSecureHeaders(options).middleware;
}

/** {@link secureHeaders}, with what the preset has to know of it. */
export function createSecureHeaders(options: SecureHeadersOptions): {
  readonly middleware: SecureHeaders;
  /** Whether it answers requests by itself: CORS or the cross-origin guard is on. */
  readonly answers: boolean;
} {
  const reader = readOptions<SecureHeadersOptions>(
    "secureHeaders",
    options,
    SECURE_HEADERS_KEYS,
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
  const https = readHttps(reader);
  const hosts = readHosts(reader);
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
    ...(https ? [`https(${https.policy})`] : []),
    ...(hosts ? ["hosts"] : []),
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
  const answers = cors !== undefined || crossOriginGuard !== undefined;
  const handleCrossOrigin = answers
    ? createCrossOriginHandler(guard, cors, crossOriginGuard)
    : (_req: Request, _res: Response, next: NextFunction) => guard.pass(next);
  const handle =
    https === undefined && hosts === undefined
      ? handleCrossOrigin
      : createTransportHandler(guard, https, hosts, handleCrossOrigin);
  const lists = [crossOriginGuard?.always ?? [], https?.exempt ?? [], hosts?.exempt ?? []];
  const checkMount = createMountCheck(
    "secureHeaders",
    lists.filter((list) => list.length > 0),
  );
  const middleware = guard.middleware(
    (req, res, next) => {
      checkMount(req);
      prepare(req, res);
      handle(req, res, next);
    },
    { rule },
  );
  const isOff = reader.raw("crossOriginGuard") === false;
  const ofUpgrades = crossOriginGuard ?? (isOff ? undefined : createCrossOriginGuard({}));
  const rules = { https, hosts, cors, crossOriginGuard: ofUpgrades };
  const onUpgrade = createUpgradeCheck(guard, rules);
  return { middleware: Object.assign(middleware, { onUpgrade }), answers };
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
