import type { NextFunction, Request, Response } from "express";
import { type AuditLog, createAuditLog } from "../audit-log/audit-log.js";
import { createGuard } from "../core/guard/guard.js";
import { giveDetails, guardDetails } from "../core/guard/guard-details.js";
import { type GuardDescription, guardMark } from "../core/guard/guard-mark.js";
import { readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { PathPattern } from "../core/http/path-pattern.js";
import { readOptions } from "../core/options/options-reader.js";
import { isPlainObject } from "../core/options/value.js";
import { offerEarlyLimit } from "../core/request/early-limit.js";
import { formBody, jsonBody } from "../json-body/index.js";
import { oauthGuard } from "../oauth-guard/index.js";
import type { RateLimitControl, RateLimitOptions } from "../rate-limit/index.js";
import { NO_CONTROL, type RateLimitPhases, rateLimitPhases } from "../rate-limit/phases.js";
import { createSecureHeaders } from "../secure-headers/secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers/secure-headers-options.js";
import type { UpgradeCheck } from "../secure-headers/upgrade-check.js";
import { loadShedding } from "../server/load-shedding.js";
import { requestDeadline } from "../server/request-deadline.js";
import type { ValidChains } from "../validate/index.js";
import { checkAfterBody } from "./after-body-check.js";
import { authenticates, readAuthentication } from "./authentication.js";
import { checkEnrichment, readEnrichment } from "./enrichment.js";
import { describeGuarding, describeSkipped, findOpening, recordOpening } from "./open-routes.js";
import { PartBuilder } from "./part-builder.js";
import { readPathCheck } from "./path-check.js";
import { readPublicRoutes } from "./read-public-routes.js";
import { checkRouteTable, readRouteTable, tableEnforces } from "./read-route-table.js";
import { methodsLeft } from "./routes/check-rows.js";
import type { Row } from "./routes/read-rows.js";
import { createRouteTable, type DescribedPart } from "./routes/route-table.js";
import { runSteps } from "./routes/run-steps.js";
import { SECURE_API_HINTS, SECURE_API_KEYS, type SecureApiOptions } from "./secure-api-options.js";
import { createSetupCheck } from "./setup-check.js";

/** What {@link secureApi} returns. */
export interface SecureApi extends Middleware {
  /** `onUpgrade` of its `secureHeaders`, for WebSockets; `false` with `secureHeaders: false`, where nothing judges. */
  readonly onUpgrade: UpgradeCheck["onUpgrade"];
  /**
   * What the `validate` of a row has let through, as `validator.valid(req)`: `security.valid(req, "POST /orders").body`.
   *
   * @param pattern - The row, as its pattern is written.
   * @throws Error when no row with `validate` has this pattern, or it did not let the request pass.
   */
  valid<V = ValidChains>(req: object, pattern: string): V;
  /**
   * What an app does by hand to the quotas of `rateLimit` and of the rows: `security.rateLimit.reset({ policy: "login", key })`.
   * A row's policy has the pattern of its row as a name, unless it has one of its own. The policy `preflight` is not among
   * them. Without limits, each promise is rejected with a TypeError.
   */
  readonly rateLimit: RateLimitControl;
  /** Its audit log, for `health()`, `stats()` and `flush()`; `undefined` with `auditLog: false`. */
  readonly auditLog: AuditLog | undefined;
  /** Resolves when tokens can be verified; rejects with the outage otherwise. For readiness probes. */
  ready(): Promise<void>;
  /** Writes out the audit log and releases timers, sockets and files. */
  close(): Promise<void>;
}

const NO_PREFLIGHTS =
  "must be left out without secureHeaders: { cors } or { crossOriginGuard }: nothing is answered in front of the limits that it could count";

const NO_GUARD =
  'must not only report beside an authenticate that enforces: its cross-origin guard would let pass what pages of other sites send with the session of a user. Write secureHeaders: { mode: "enforce" }';

const NO_AUTHENTICATION =
  'must not be "after-auth" with oauthGuard: false and without authenticate, because nothing authenticates here: write phase: "before-auth", or say who calls in authenticate';

const NO_CALLER =
  'must not have the key "principal" or "tenant" with oauthGuard: false and nothing in authenticate that says who calls: it would count by address. Write authenticate: session((session) => …) or principalFrom((req) => …)';

/**
 * Secures an Express API in one line. Mount it before the routes and after whatever rewrites `req.url` or
 * `req.method`; end the app with `notFound()` and `errorHandler()`.
 *
 * The order, with the reason for each place: `auditLog` (records whatever happens after it) → `secureHeaders` (its
 * headers stand on every answer, and a preflight carries no credentials; `rateLimit.preflight` counts what it answers) →
 * `loadShedding`, `requestDeadline` (a refusal is cheap here, and what follows counts for the deadline) → limits keyed by address (cheap, and they
 * shield the guard) → `oauthGuard`, `authenticate` → `enrich` → limits keyed by principal → `jsonBody`, `formBody` (no body is read for
 * strangers) → limits keyed by a member of the body. On public routes everything but `oauthGuard` and `authenticate` runs.
 *
 * It does not authorize: put `requireScope`, `requireRole` and `validate` on the routes.
 *
 * @throws {@link OptionsError} with every problem of every part.
 */
export function secureApi(options: SecureApiOptions): SecureApi {
  const reader = readOptions<SecureApiOptions>(
    "secureApi",
    options,
    SECURE_API_KEYS,
    SECURE_API_HINTS,
    'secureApi({ oauthGuard: { issuer, audience }, rateLimit: { limit: 100, window: "1m" } })',
  );
  const shared = readGuardOptions(reader);
  const table = readRouteTable(reader, shared);
  const rows = table?.rows ?? [];
  const opened = readPublicRoutes(reader);
  const publicRoutes = [...opened, ...rows.filter(isPublic).map(({ pattern }) => pattern)];
  const openRoutes = { publicRoutes, optional: rows.filter(isOptional) };
  const paths = readPathCheck(reader, shared, table !== undefined);
  const parts = new PartBuilder(reader, shared);

  const audit = parts.build("auditLog", createAuditLog, "on");
  const authentication = readAuthentication(reader, shared);
  const hasSessions = authenticates(reader);
  const enrich = readEnrichment(reader, shared);
  const headerPart = parts.build(
    "secureHeaders",
    // Cookies make browsers act for their user: without a list of origins only pages of the app itself may do that.
    (given: SecureHeadersOptions) =>
      createSecureHeaders(hasSessions ? { crossOriginGuard: true, ...given } : given),
    "on",
  );
  const shedding = parts.build("loadShedding", loadShedding, "off");
  const deadline = parts.build("requestDeadline", requestDeadline, "off");
  if (
    isReporting(headerPart?.middleware) &&
    authentication.sources.some(({ mode }) => mode === "enforce") &&
    !hasNoCrossOriginGuard(reader.raw("secureHeaders"))
  ) {
    reader.problems.note("secureApi.secureHeaders.mode", NO_GUARD);
  }
  const rowLimits = rows.flatMap((row) => row.limits);
  const makeLimits = (given: RateLimitOptions): RateLimitPhases =>
    rateLimitPhases(given, rowLimits);
  const limits =
    reader.raw("rateLimit") === false && rowLimits.length > 0
      ? parts.make({}, makeLimits)
      : parts.build("rateLimit", makeLimits, "required");
  const guard = parts.build("oauthGuard", oauthGuard, "required");
  const parsers = [
    parts.build("jsonBody", jsonBody, "off"),
    parts.build("formBody", formBody, "off"),
  ].filter((step) => step !== undefined);
  const preflight = headerPart?.answers === true ? limits?.preflight : undefined;
  const answersNothing = reader.raw("secureHeaders") === false || headerPart?.answers === false;
  if (limits?.asksForPreflight === true && answersNothing) {
    reader.problems.note("secureApi.rateLimit.preflight", NO_PREFLIGHTS);
  }
  if (
    limits?.byPrincipal === true &&
    reader.raw("oauthGuard") === false &&
    authentication.namesNobody
  ) {
    reader.problems.note("secureApi.rateLimit", NO_CALLER);
  }
  if (limits?.afterAuthPath !== undefined && reader.raw("oauthGuard") === false && !hasSessions) {
    reader.problems.note(`secureApi.${limits.afterAuthPath}.phase`, NO_AUTHENTICATION);
  }
  if (limits !== undefined) checkAfterBody(reader, limits, parsers);
  const ofTokens = guard === undefined ? undefined : guardMark(guard);
  const sources = [ofTokens, ...authentication.sources].filter((mark) => mark !== undefined);
  const callers = {
    namesNobody: reader.raw("oauthGuard") === false && authentication.namesNobody,
    isReported: areReporting(sources),
  };
  if (table !== undefined) {
    checkRouteTable(reader, table, { ...callers, publicRoutes: opened, dotsBy: paths.dotsBy });
  }
  checkEnrichment(reader, enrich, { ...callers, tableEnforces: tableEnforces(table) });
  parts.finish();

  const unlocked = [...publicRoutes, ...openRoutes.optional.map(({ pattern }) => pattern)];
  const steps = table && createRouteTable(table.rows, table.otherwise, unlocked, table.settings);
  const headers = headerPart?.middleware;
  const [log, before, after] = [audit?.handler, limits?.before, limits?.after];
  // On public routes as well: who is named in front of the preset or behind it has what belongs to it.
  const last = [enrich, after, ...parsers, limits?.body];
  const first = [log, headers, shedding, deadline, paths.step, before];
  const open = [...first, ...last, steps?.open].filter((step) => step !== undefined);
  const known = [...first, guard, ...authentication.steps, ...last];
  const guarded = [...known, steps?.guarded].filter((step) => step !== undefined);
  const optional = [...known, steps?.open].filter((step) => step !== undefined);
  audit?.nameGuards(guarded, methodsLeft(rows));
  const reportsTable = table !== undefined && shared.mode === "report";
  const checkSetup = createSetupCheck({
    patterns: patternsOf(opened, limits?.matched, rows),
    triesCaller: limits?.enforced === true && limits.byPrincipal && areReporting(sources),
    tellUnused: reportsTable ? (patterns) => audit?.nameUnused(patterns) : undefined,
    needsSession: hasSessions,
  });

  const preset = createGuard("secureApi", "preset", shared);
  const handle = (req: Request, res: Response, next: NextFunction): void => {
    checkSetup(req, handler);
    if (preflight !== undefined) offerEarlyLimit(req, preflight.offer);
    const opening = findOpening(openRoutes, req);
    if (opening !== undefined) recordOpening(opening, req, guard);
    const done = (): void => preset.pass(next);
    const passed = opening === undefined ? guarded : opening.isPublic ? open : optional;
    runSteps(passed, req, res, next, done);
  };
  const marked = preflight === undefined ? guarded : [preflight.middleware, ...guarded];
  const described = marked.flatMap((step): readonly DescribedPart[] => {
    if (step === steps?.guarded) return steps.parts;
    const mark = guardMark(step);
    if (mark === undefined) return [];
    const isSkipped = guarded.includes(step) && !open.includes(step);
    const marks =
      step === guard ? describeGuarding(mark, openRoutes) : describeSkipped(mark, openRoutes);
    return (isSkipped ? marks : [mark]).map((one) => ({
      mark: one,
      details: () => guardDetails(step),
    }));
  });
  const handler = preset.middleware(handle, { parts: described.map(({ mark }) => mark) });
  giveDetails(handler, () => ({ parts: described.map(({ details }) => details() ?? null) }));
  return Object.assign(handler, {
    onUpgrade: headers?.onUpgrade ?? (() => false),
    ready: async (): Promise<void> => guard?.ready(),
    valid: <V>(req: object, pattern: string): V => {
      const row = rows.find(
        ({ validator, pattern: { text } }) => validator !== undefined && text === pattern,
      );
      if (row?.validator !== undefined) return row.validator.valid(req) as V;
      throw new Error("secureApi: valid(req, pattern) needs the pattern of a row with validate");
    },
    rateLimit: limits?.control ?? NO_CONTROL,
    auditLog: log,
    close: (): Promise<void> => parts.close(),
  });
}

function areReporting(sources: readonly GuardDescription[]): boolean {
  return sources.length > 0 && sources.every(({ mode }) => mode === "report");
}

function hasNoCrossOriginGuard(given: unknown): boolean {
  return isPlainObject(given) && given["crossOriginGuard"] === false;
}

function isReporting(guard: Middleware | undefined): boolean {
  return guard !== undefined && guardMark(guard)?.mode === "report";
}

function isPublic({ access }: Row): boolean {
  return access === "public";
}

function isOptional({ access }: Row): boolean {
  return access === "optional";
}

/** Each once: a limit in a row has the pattern of the row. */
function patternsOf(
  opened: readonly PathPattern[],
  matched: readonly PathPattern[] = [],
  rows: readonly Row[],
): readonly PathPattern[] {
  const all = [...opened, ...matched, ...rows.map(({ pattern }) => pattern)];
  return [...new Map(all.map((pattern) => [pattern.text, pattern])).values()];
}
