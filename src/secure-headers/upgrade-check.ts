import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Request } from "express";
import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { isThenable } from "../core/calls/user-function.js";
import { type Decision, recordDecision } from "../core/decision/decision.js";
import { recordReported } from "../core/decision/report-mode.js";
import { refusalOfFault } from "../core/guard/fault.js";
import type { Guard } from "../core/guard/guard.js";
import { isFirstParty } from "../core/http/first-party.js";
import { HttpError } from "../core/refusal/http-error.js";
import type { CorsPolicy } from "./cors/cors-policy.js";
import { corsRequestOf } from "./cors/cors-request.js";
import type { CrossOriginGuard } from "./cross-origin/cross-origin-guard.js";
import { rankOf } from "./cross-origin-handler.js";
import type { HostCheck } from "./hosts/host-check.js";
import { type HttpsSettings, judgePlaintext } from "./https/https-policy.js";
import { hostError, tellCredential } from "./transport-handler.js";

/** What is asked of an Express app: its setting `trust proxy`. */
export interface UpgradeApp {
  get(name: string): unknown;
}

/** The part of `secureHeaders` for requests that Express never sees. */
export interface UpgradeCheck {
  /**
   * Whether a request that upgrades its connection, as a WebSocket does, may do so: `false` for plain HTTP that `https`
   * refuses, for a host that `hosts` does not list, and for pages of other origins. A page may connect if it is one of the
   * server itself; or if `cors.origins` lists its origin, with `credentials` if the request has a cookie or the like. Other
   * programs, which send no `Origin`, may connect: what they may do then is for authentication to decide.
   *
   * Call it in the server's event `upgrade`, and write a 403 when it is `false`. An `origins` function has to answer at
   * once there; one that promises an answer lets nobody connect. In report mode it is always `true`. Decisions go to the
   * diagnostics channel only.
   *
   * @param app - The app whose `trust proxy` says which proxies are believed; without it, none is.
   */
  onUpgrade(req: IncomingMessage, app?: UpgradeApp): boolean;
}

/** What decides about upgrades. */
interface UpgradeRules {
  readonly https: HttpsSettings | undefined;
  readonly hosts: HostCheck | undefined;
  readonly cors: CorsPolicy | undefined;
  /** `undefined` when it was turned off. */
  readonly crossOriginGuard: CrossOriginGuard | undefined;
}

interface UpgradeRefusal {
  readonly error: HttpError;
  readonly reason: string;
}

/** Judges upgrades by the rules that ordinary requests are judged by. */
export function createUpgradeCheck(guard: Guard, rules: UpgradeRules): UpgradeCheck["onUpgrade"] {
  function onUpgrade(req: IncomingMessage, app?: UpgradeApp, next?: unknown): boolean {
    refuseMounting("onUpgrade of secureHeaders", next);
    let refusal: UpgradeRefusal | undefined;
    try {
      const view = viewOf(req, app);
      refusal = judge(rules, view);
      if (refusal?.reason === "plaintext_credential" && guard.enforced)
        tellCredential(guard, rules.https, view);
    } catch (error) {
      guard.tell(error);
      const fault = refusalOfFault(error);
      refusal = { error: fault.refusal, reason: fault.reason };
    }
    if (refusal === undefined) return true;
    record(guard, refusal, req as Request);
    return !guard.enforced;
  }
  return onUpgrade;
}

function judge(
  { https, hosts, cors, crossOriginGuard }: UpgradeRules,
  req: Request,
): UpgradeRefusal | undefined {
  const plain = https === undefined ? undefined : judgePlaintext(https, req);
  if (plain !== undefined)
    return {
      error: new HttpError("https_required"),
      // Nobody follows a redirect there.
      reason: plain.location === undefined ? plain.reason : "plain_http",
    };
  const fault = hosts?.judge(req);
  if (fault !== undefined) return { error: hostError(fault), reason: fault };
  if (crossOriginGuard === undefined || isFirstParty(req, crossOriginGuard.own)) return undefined;
  const reason = crossOriginGuard.judgeUpgrade(req, rankOf(isListed(cors, req), cors));
  return reason === undefined
    ? undefined
    : { error: new HttpError("cross_origin_blocked"), reason };
}

function isListed(cors: CorsPolicy | undefined, req: Request): boolean {
  const { origin } = req.headers;
  if (cors === undefined || origin === undefined) return false;
  const listed = cors.allows(origin, req);
  return isThenable(listed) ? false : listed;
}

function record(guard: Guard, { error, reason }: UpgradeRefusal, req: Request): void {
  const { code, status } = error;
  const outcome = status >= 500 ? "error" : "deny";
  const decision: Decision = {
    guard: guard.name,
    outcome,
    enforced: guard.enforced,
    code,
    status,
    reason,
    ...(code === "cross_origin_blocked" ? { cors: corsRequestOf(req) } : {}),
  };
  if (guard.enforced) recordDecision(req, decision);
  else recordReported(req, decision);
}

/** The request as Express would show it to a middleware. */
function viewOf(req: IncomingMessage, app: UpgradeApp | undefined): Request {
  const originalUrl = req.url ?? "/";
  const path = originalUrl.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, "").split("?", 1)[0] || "/";
  const members = { originalUrl, baseUrl: "", path, app, secure: isSecure(req, app) };
  return Object.assign(Object.create(req), members) as Request;
}

/** As `req.secure` of Express says it. */
function isSecure(req: IncomingMessage, app: UpgradeApp | undefined): boolean {
  const isEncrypted = (req.socket as Partial<TLSSocket>).encrypted === true;
  const field = req.headers["x-forwarded-proto"];
  const trust = app?.get("trust proxy fn");
  if (typeof trust !== "function" || trust(req.socket.remoteAddress, 0) !== true || !field)
    return isEncrypted;
  return String(field).split(",", 1)[0]?.trim() === "https";
}
