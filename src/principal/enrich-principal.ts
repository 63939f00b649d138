import type { NextFunction, Request, Response } from "express";
import { AnswerCache } from "../core/calls/answer-cache.js";
import { createCall } from "../core/calls/create-call.js";
import { FunctionFailure } from "../core/calls/function-failure.js";
import { isThenable } from "../core/calls/user-function.js";
import { callerKnown, isCallerPending } from "../core/decision/pending-verdict.js";
import { createGuard, type DecisionFields } from "../core/guard/guard.js";
import { GUARD_OPTIONS, type GuardOptions, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { challenge } from "../core/http/header-values.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { assertCalled } from "../core/options/uncalled-factory.js";
import {
  enrichCaller,
  isEnriched,
  noteNobody,
  reportedPrincipal,
  tryEnrichment,
  withdrawCaller,
} from "../core/principal/enrichment.js";
import { isCallerTried } from "../core/principal/name-caller.js";
import { getPrincipal, type Principal } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import { noteFunction } from "./note-function.js";
import {
  ENRICHED_MEMBERS,
  type EnrichedMember,
  enrich,
  isEnrichedMember,
  type PrincipalEnrichment,
  parseEnrichment,
} from "./parse-enrichment.js";

/** Options of {@link enrichPrincipal}. */
export interface EnrichPrincipalOptions extends GuardOptions {
  /**
   * Members that are the database's alone: what the token or the session says there does not count, and the function must
   * return them. The others are added to what is there. @default none
   */
  readonly replace?: EnrichedMember | readonly EnrichedMember[] | undefined;
  /** Remembers what the function returned. Left out, it is asked at each request. */
  readonly cache?: EnrichmentCacheOptions | undefined;
}

/** For how long, and for how many callers, what the function returned is remembered. */
export interface EnrichmentCacheOptions {
  /**
   * How long an answer counts, from the call on, such as `"30s"`: so long does a caller keep a role that was taken away.
   * From `"1s"` to `"1h"`. Required.
   */
  readonly time: string;
  /** The most callers that are remembered. From 1 to 1,000,000. @default 10000 */
  readonly size?: number | undefined;
}

/** A caller, and what became of it: `null` when its account is gone. No caller: nobody, or nothing to do. */
interface Found {
  readonly base: Principal | null;
  readonly principal: Principal | null;
}

const OPTION = "enrichPrincipal";
const NOBODY: Found = Object.freeze({ base: null, principal: null });
const NOTHING_NEW: Found = Object.freeze({ base: null, principal: null });

type Enrichment = PrincipalEnrichment | null;
type Look = (principal: Principal, req: Request) => Enrichment | Promise<Enrichment>;
type Reason = "principal_enriched" | "no_principal" | "account_gone";

const KEYS: OptionKeys<EnrichPrincipalOptions> = {
  replace: "neverUndefined",
  cache: true,
  ...GUARD_OPTIONS,
};

const LIFETIME = 'write cache: { time: "30s" }';

/** What people and other packages call these options. */
export const ENRICH_PRINCIPAL_HINTS: Hints<EnrichPrincipalOptions> = {
  ttl: LIFETIME,
  maxAge: LIFETIME,
  override: 'write replace: ["roles"] for what the database alone decides',
  overwrite: 'write replace: ["roles"] for what the database alone decides',
  timeout: "leave it out, a promise of the function has 5 seconds",
};

/** What other packages call the members of the cache. */
export const ENRICHMENT_CACHE_HINTS: Hints<EnrichmentCacheOptions> = {
  max: "size",
  maxSize: "size",
  maxAge: "time",
  ttl: "time",
};

/**
 * Adds what the app's own database knows of the caller to the principal: roles, permissions, groups and tenant, as in
 * `enrichPrincipal(async (principal) => ({ roles: await rolesOf(principal.subject) }))`. Mount it behind `oauthGuard`,
 * `session` or `principalFrom`, and in front of the guards that ask for roles.
 *
 * The function is called once per request, and not for nobody or an anonymous principal; a promise has 5 seconds. The
 * result is checked and copied: what it names is added to the lists of the principal, or with `replace` takes their place.
 * `null` says that the account is gone: 401 `authentication_required`. When the function throws, rejects, takes longer or
 * gives anything else, `undefined` included, the answer is 503 `check_unavailable`, and nobody gets to see the principal
 * without what belongs to it, nor does the function by `getPrincipal`. Where it finds nobody, it is asked about the caller
 * that is named behind it, before that request goes on. When another caller is named behind it: 500 `internal_error`.
 *
 * With `cache`, callers are told apart by issuer, subject, client, kind and tenant: then the function must look at nothing
 * else, of the request or of the token. Requests of one caller share a call; failures and `null` are not remembered.
 *
 * @throws {@link OptionsError} when the function is missing or an option is wrong.
 */
export function enrichPrincipal(
  lookUp: (
    principal: Principal,
    req: Request,
  ) => PrincipalEnrichment | null | Promise<PrincipalEnrichment | null>,
  options: EnrichPrincipalOptions = {},
): Middleware {
  assertCalled("enrichPrincipal", lookUp, "enrichPrincipal(async (principal) => …)");
  const reader = readOptions<EnrichPrincipalOptions>(
    "enrichPrincipal",
    options,
    KEYS,
    ENRICH_PRINCIPAL_HINTS,
  );
  const guardOptions = readGuardOptions(reader);
  const replace = readReplace(reader);
  const cache = readCache(reader);
  noteFunction(reader.problems, "enrichPrincipal.lookUp", lookUp);
  reader.finish();

  const guard = createGuard("enrichPrincipal", "enrichment", guardOptions);
  const self = Object.freeze({});
  const asked: Look = createCall(lookUp, {
    option: OPTION,
    parse: (value) => parseEnrichment(OPTION, replace, value),
  });
  const call: Look = (principal, req) => {
    // What the function itself calls must not take the caller for complete: it gets the principal as its argument.
    if (guard.enforced) withdrawCaller(req, principal);
    return asked(principal, req);
  };
  const look = cache === undefined ? call : remembering(call, cache);

  /** `null`: the account is gone. */
  function enriched(base: Principal, req: Request): Principal | null | Promise<Principal | null> {
    const found = look(base, req);
    return isThenable(found)
      ? found.then((later) => merged(base, later, replace))
      : merged(base, found, replace);
  }

  function find(req: Request): Found | Promise<Found> {
    const base = guard.enforced ? getPrincipal(req) : reportedPrincipal(req);
    if (base === null || base.kind === "anonymous") return NOBODY;
    if (isEnriched(req, base, self)) return NOTHING_NEW;
    let principal: Principal | null | Promise<Principal | null>;
    try {
      principal = enriched(base, req);
    } catch (error) {
      if (guard.enforced) withdrawCaller(req, base);
      throw error;
    }
    if (!isThenable(principal)) return { base, principal };
    if (guard.enforced) withdrawCaller(req, base);
    return principal.then((later) => ({ base, principal: later }));
  }

  /** By then Express has moved `req.params` and `req.url` on to other routes, so the function sees those of now. */
  function finderAt({ params, url, baseUrl }: Request): (req: Request) => Found | Promise<Found> {
    return (req) => {
      const current = { params: req.params, url: req.url, baseUrl: req.baseUrl };
      try {
        Object.assign(req, { params, url, baseUrl });
        return find(req);
      } finally {
        Object.assign(req, current);
      }
    };
  }

  function settle(
    found: Found | Promise<Found>,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    if (isThenable(found)) guard.whenSettled(found, req, res, next, conclude);
    else conclude(found, req, res, next);
  }

  function conclude(found: Found, req: Request, res: Response, next: NextFunction): void {
    const { base, principal } = found;
    if (base === null) {
      if (found === NOTHING_NEW) guard.pass(next);
      else {
        const findHere = finderAt(req);
        noteNobody(req, guard.enforced, (later, itsRes, go) =>
          guard.resume(later, itsRes, go, () => settle(findHere(later), later, itsRes, go)),
        );
        guard.allow(req, fieldsOf("no_principal"));
        next();
      }
      return;
    }
    if (!guard.enforced) tryEnrichment(req, base, principal, self);
    else if (principal === null) {
      // Asked before the caller is taken away: who is only tried out cannot make anybody refuse.
      const isTried = isCallerTried(req);
      withdrawCaller(req, base);
      if (isTried) {
        guard.allow(req, fieldsOf("no_principal"));
        next();
        return;
      }
    } else enrichCaller(req, base, principal, self);
    if (principal === null) guard.refuse(accountGone(), req, res, next, fieldsOf("account_gone"));
    else {
      guard.allow(req, fieldsOf("principal_enriched"));
      next();
    }
  }

  return guard.middleware((req, res, next) => {
    // In report mode nothing waits, so the caller may be known only when the request has gone on.
    if (guard.enforced || !isCallerPending(req, guard.enforced)) settle(find(req), req, res, next);
    else {
      const findHere = finderAt(req);
      settle(
        callerKnown(req).then(() => findHere(req)),
        req,
        res,
        next,
      );
    }
  });
}

/** `null`: the account is gone. */
function merged(
  base: Principal,
  found: Enrichment,
  replace: readonly EnrichedMember[],
): Principal | null {
  if (found === null) return null;
  try {
    return enrich(OPTION, base, found, replace);
  } catch (error) {
    throw new FunctionFailure(OPTION, "wrong_return", error);
  }
}

/** Asks once for all requests of one caller within the time of the cache. */
function remembering(call: Look, cache: AnswerCache<PrincipalEnrichment>): Look {
  return (principal, req) => {
    const { issuer, subject, clientId, kind, tenant } = principal;
    const key = JSON.stringify([issuer, subject, clientId, kind, tenant]);
    const kept = cache.get(key);
    if (kept !== undefined) return kept;
    const answer = call(principal, req);
    cache.keep(key, answer);
    return answer;
  };
}

function readReplace(reader: OptionsReader<"replace">): readonly EnrichedMember[] {
  const names = reader.strings("replace", {
    check: (name) =>
      isEnrichedMember(name) ? undefined : `must be one of ${ENRICHED_MEMBERS.join(", ")}`,
  });
  return (names ?? []).filter(isEnrichedMember);
}

function readCache(reader: OptionsReader<"cache">): AnswerCache<PrincipalEnrichment> | undefined {
  const own = reader.object<EnrichmentCacheOptions>(
    "cache",
    { time: true, size: true },
    ENRICHMENT_CACHE_HINTS,
    '{ time: "30s" }',
  );
  if (own === undefined) return undefined;
  const time = own.duration("time", { required: true, min: "1s", max: "1h" });
  const size = own.integer("size", { min: 1, max: 1_000_000, default: 10_000 });
  return new AnswerCache({ time, size });
}

/** RFC 9110 §15.5.2: a 401 has a challenge. */
function accountGone(): HttpError {
  const headers = { "WWW-Authenticate": challenge("Bearer", { realm: "api" }) };
  return new HttpError("authentication_required", { headers });
}

function fieldsOf(reason: Reason): DecisionFields {
  return { reason };
}
