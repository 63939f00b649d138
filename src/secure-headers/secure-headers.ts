import type { Request, Response } from "express";
import { type AnswerWatcher, watchAnswer } from "../core/answer/watch-answer.js";
import { createMountCheck } from "../core/app/mount-check.js";
import { createGuard } from "../core/guard/guard.js";
import { readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { cookieCacheWatcher } from "./cookies/cookie-cache.js";
import { type CookieMode, createCookieWatcher } from "./cookies/cookie-watcher.js";
import { readCorsOptions } from "./cors/cors-options.js";
import { createCorsPolicy } from "./cors/cors-policy.js";
import { readCrossOriginGuard } from "./cross-origin/cross-origin-guard.js";
import { createCrossOriginHandler } from "./cross-origin-handler.js";
import { createNonceWatcher } from "./csp/nonce-watcher.js";
import type { HeaderPlan } from "./headers/header-plan.js";
import { createHeaderWriter, createReportOnlyWriter } from "./headers/header-writer.js";
import { PRESETS, type PresetName } from "./headers/presets.js";
import { readHeaders } from "./headers/read-headers.js";
import { createPageWatcher } from "./pages/page-watcher.js";
import { createFieldRemover } from "./removed/removed-fields.js";
import {
  SECURE_HEADERS_HINTS,
  SECURE_HEADERS_KEYS,
  type SecureHeadersOptions,
} from "./secure-headers-options.js";

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
    SECURE_HEADERS_KEYS,
    SECURE_HEADERS_HINTS,
    "secureHeaders()",
  );
  const guardOptions = readGuardOptions(reader);
  const name = reader.oneOf("preset", PRESET_NAMES, { default: "api" });
  const plan = readHeaders(reader, PRESETS[name], guardOptions.mode);
  const corsSettings = readCorsOptions(reader);
  const crossOriginGuard = readCrossOriginGuard(reader, corsSettings !== undefined);
  const cookies = readCookies(reader);
  reader.finish();

  const guard = createGuard("secureHeaders", "headers", guardOptions);
  const write = guard.enforced ? createHeaderWriter(plan) : createReportOnlyWriter(plan);
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
    ...planWatchers(plan),
    ...(guard.enforced ? [] : [createPageWatcher(guard.name, plan.nosniff)]),
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

/** What is left to do when the answer is sent. */
function planWatchers(plan: HeaderPlan): readonly AnswerWatcher[] {
  const watchers: AnswerWatcher[] = [];
  if (plan.headers.some(({ when }) => when === "authenticated")) watchers.push(cookieCacheWatcher);
  if (plan.headers.some(({ nonce }) => nonce)) {
    const isPrivate = plan.headers.some(({ when }) => when === "unlessSet");
    watchers.push(createNonceWatcher(isPrivate));
  }
  const remover = createFieldRemover(
    plan.removed.filter((name) => name.toLowerCase() !== "x-powered-by"),
  );
  return remover === undefined ? watchers : [...watchers, remover];
}

function readCookies(reader: OptionsReader<"cookies">): CookieMode | false {
  const value = reader.raw("cookies");
  if (value === undefined || value === "warn" || value === "enforce" || value === false)
    return value ?? "warn";
  const fix = value === true ? 'write "enforce" to add what is missing' : "";
  reader.problem("cookies", '"warn", "enforce" or false', fix);
  return "warn";
}
