import type { Request } from "express";
import { MountingError } from "../core/calls/mounting-error.js";
import {
  GUARD_OPTIONS,
  type GuardOptions,
  readGivenGuardOptions,
} from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertCalled } from "../core/options/uncalled-factory.js";
import type { PrincipalInit } from "../core/principal/principal.js";
import { derivedPrincipal } from "./derived-principal.js";
import { noteFunction } from "./note-function.js";

/** Options of {@link session}. */
export interface SessionPrincipalOptions extends GuardOptions {}

const STORE =
  "express-session and cookie-session have this option: session() reads what they made of the request, mount one of them in front";

/** What people expect who take it for the package that makes sessions. */
export const SESSION_HINTS: Hints<SessionPrincipalOptions> = {
  secret: STORE,
  keys: STORE,
  store: STORE,
  cookie: STORE,
  name: STORE,
  resave: STORE,
  saveUninitialized: STORE,
};

const NO_SESSION =
  "session found no req.session: mount express-session or cookie-session in front of it. If one is mounted, its store is not connected, or the path of its cookie does not cover this request";

/**
 * Tells the guards who calls, for apps with cookie sessions:
 * `session((session) => (session.userId ? { subject: session.userId, roles: session.roles } : null))`.
 *
 * It reads `req.session`, which express-session, cookie-session or a package like them has made in front. The function
 * gets it with the request and returns what the server itself wrote there at login, or `null` for nobody; it may return a
 * promise, which has 5 seconds. It is called once per request, and not for a session that was ended; the result is
 * checked and copied. A session that is regenerated, changed or destroyed later in the request does not change who calls.
 *
 * Callers that are nobody pass: `authorize(authenticated())` behind it refuses them. When the function throws, rejects,
 * takes longer or gives anything else, the answer is 503 `check_unavailable`; without `req.session` it is 500
 * `internal_error`. When another way, such as `oauthGuard` or `principalFrom`, names a caller as well: 400
 * `invalid_request`. Browsers send the cookie for pages of other sites too: mount it with
 * `secureHeaders({ crossOriginGuard: true })`, or in `secureApi({ authenticate })`, which turns that guard on.
 *
 * @throws {@link OptionsError} when the function is missing or an option is wrong.
 */
export function session<Session extends object = Readonly<Record<string, unknown>>>(
  derive: (session: Session, req: Request) => PrincipalInit | null | Promise<PrincipalInit | null>,
  options: SessionPrincipalOptions = {},
): Middleware {
  assertCalled("session", derive, "session((session) => …)");
  const reader = readOptions<SessionPrincipalOptions>(
    "session",
    options,
    GUARD_OPTIONS,
    SESSION_HINTS,
  );
  const given = readGivenGuardOptions(reader);
  noteFunction(
    reader.problems,
    "session.derive",
    derive,
    "it names the caller of a session, which express-session or cookie-session makes in front of it",
  );
  reader.finish();

  return derivedPrincipal("session", sessionOf<Session>, derive, given);
}

/** @returns `null` for a session that was ended. */
function sessionOf<Session extends object>(req: Request): Session | null {
  const { session: found, sessionStore } = req as {
    readonly session?: unknown;
    readonly sessionStore?: unknown;
  };
  // cookie-session ends a session as `null`; express-session takes it off the request, and leaves its store there.
  if (found === null || (found === undefined && sessionStore !== undefined)) return null;
  if (typeof found !== "object") throw new MountingError(NO_SESSION);
  return found as Session;
}
