import type { NextFunction, Request, Response } from "express";
import { watchAnswer } from "../core/answer/watch-answer.js";
import { createMountCheck } from "../core/app/mount-check.js";
import { createGuard } from "../core/guard/guard.js";
import { readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { isPlainObject } from "../core/options/value.js";
import { type CookieMode, createCookieWatcher } from "./cookies/cookie-watcher.js";
import { readCorsOptions } from "./cors/cors-options.js";
import { createCorsPolicy } from "./cors/cors-policy.js";
import { createCrossOriginGuard, readCrossOriginGuard } from "./cross-origin/cross-origin-guard.js";
import { createCrossOriginHandler } from "./cross-origin-handler.js";
import { createHeaderMethods, type HeaderMethods } from "./header-methods.js";
import { createHeaderSets } from "./header-sets.js";
import { PRESETS, type PresetName } from "./headers/presets.js";
import { readHeaders } from "./headers/read-headers.js";
import { readHosts } from "./hosts/hosts-options.js";
import { readHttps } from "./https/https-options.js";
import { copyOptions } from "./overrides/copy-options.js";
import { readPages } from "./overrides/read-pages.js";
import { createPageWatcher } from "./pages/page-watcher.js";
import {
  SECURE_HEADERS_HINTS,
  SECURE_HEADERS_KEYS,
  type SecureHeadersOptions,
} from "./secure-headers-options.js";
import { createTransportHandler } from "./transport-handler.js";
import { createUpgradeCheck, type UpgradeCheck } from "./upgrade-check.js";

const PRESET_NAMES = ["api", "web", "helmet"] as const satisfies readonly PresetName[];

/** The options that stand for headers: `pages` and `override()` change them. */
const OF_HEADERS = [
  "cacheControl",
  "csp",
  "helmet",
  "hsts",
  "overwrite",
  "permissionsPolicy",
  "remove",
  "reporting",
] as const satisfies readonly (keyof SecureHeadersOptions)[];

/** What {@link secureHeaders} returns. */
export type SecureHeaders = Middleware & HeaderMethods & UpgradeCheck;

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
  const given = withCopiedHeaders(options);
  const reader = readOptions<SecureHeadersOptions>(
    "secureHeaders",
    given,
    SECURE_HEADERS_KEYS,
    SECURE_HEADERS_HINTS,
    "secureHeaders()",
  );
  const guardOptions = readGuardOptions(reader);
  const name = reader.oneOf("preset", PRESET_NAMES, { default: "api" });
  const plan = readHeaders(reader, PRESETS[name], guardOptions.mode);
  const base = { options: headerOptions(given), preset: PRESETS[name], plan };
  // What is wrong elsewhere is told there, and not once more for each pattern.
  const below = reader.problems.isEmpty ? base : { ...base, options: {} };
  const pages = readPages(reader, below, guardOptions.mode);
  const corsSettings = readCorsOptions(reader);
  const crossOriginGuard = readCrossOriginGuard(reader, corsSettings !== undefined);
  const https = readHttps(reader);
  const hosts = readHosts(reader);
  const cookies = readCookies(reader);
  reader.finish();

  const guard = createGuard("secureHeaders", "headers", guardOptions);
  const sets = createHeaderSets(plan, pages, guard.enforced);
  const cors = corsSettings === undefined ? undefined : createCorsPolicy(corsSettings);
  const parts = [
    `preset(${name})`,
    ...(cors ? ["cors"] : []),
    ...(crossOriginGuard ? ["crossOriginGuard"] : []),
    ...(https ? [`https(${https.policy})`] : []),
    ...(hosts ? ["hosts"] : []),
    ...(cookies === "enforce" ? ["cookies"] : []),
    ...(pages.length > 0 ? ["pages"] : []),
  ];
  const rule = parts.join(", ");
  const watchers = [
    ...(cookies ? [createCookieWatcher(guard, cookies)] : []),
    ...(guard.enforced ? [] : [createPageWatcher(guard.name, plan.nosniff)]),
  ];
  const prepare = (req: Request, res: Response): void => {
    sets.apply(req, res);
    for (const watcher of watchers) watchAnswer(req, res, watcher);
  };
  const methods = createHeaderMethods({ guard, preset: name, base, pages, sets });
  const answers = cors !== undefined || crossOriginGuard !== undefined;
  const handleCrossOrigin = answers
    ? createCrossOriginHandler(guard, cors, crossOriginGuard)
    : (_req: Request, _res: Response, next: NextFunction) => guard.pass(next);
  const handle =
    https === undefined && hosts === undefined
      ? handleCrossOrigin
      : createTransportHandler(guard, https, hosts, handleCrossOrigin);
  const lists = [
    crossOriginGuard?.always ?? [],
    https?.exempt ?? [],
    hosts?.exempt ?? [],
    pages.map(({ pattern }) => pattern),
  ];
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
  return { middleware: Object.assign(middleware, methods, { onUpgrade }), answers };
}

/** The options, with copies of those about headers: they are read again for each path that has others. */
function withCopiedHeaders(options: SecureHeadersOptions): SecureHeadersOptions {
  if (!isPlainObject(options)) return options;
  const copy: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(options)) {
    const value: unknown = options[name];
    copy[name] = (OF_HEADERS as readonly string[]).includes(name) ? copyOptions(value) : value;
  }
  return copy;
}

function headerOptions(options: SecureHeadersOptions): Readonly<Record<string, unknown>> {
  if (!isPlainObject(options)) return {};
  const given = OF_HEADERS.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

function readCookies(reader: OptionsReader<"cookies">): CookieMode | false {
  const value = reader.raw("cookies");
  if (value === undefined || value === "warn" || value === "enforce" || value === false)
    return value ?? "warn";
  const fix = value === true ? 'write "enforce" to add what is missing' : "";
  reader.problem("cookies", '"warn", "enforce" or false', fix);
  return "warn";
}
