import type { Request } from "express";
import type { Decision } from "../guard/decision.js";
import type { Principal } from "../principal/principal.js";
import type { HttpError } from "../refusal/http-error.js";

/**
 * What the parts of this library know about one request: the only way they talk to each other.
 *
 * Handlers and other packages overwrite `req.auth`, `req.user` and the like, so nothing is ever read back from there.
 */
export interface RequestState {
  /** Every decision so far, in order. */
  readonly decisions: Decision[];
  /** The first enforced refusal: it stays, so that nothing opens the route after it. */
  refusal: HttpError | undefined;
  /** The guard whose refusal was the first one that report mode let through. */
  firstReported: string | undefined;
  /** Set by `auditLog`; named in problem documents. */
  requestId: string | undefined;
  /** W3C trace id, 32 hexadecimal digits, set by `auditLog`. */
  traceId: string | undefined;
  /** Whether an `auditLog` already writes the record of this request. */
  audited: boolean;
  /** What `oauthGuard` verified. Read it with `getAuth(req)`. */
  auth: unknown;
  /** Who calls: `undefined` until derived, `null` when nobody is authenticated. */
  principal: Principal | null | undefined;
  /** Derives the principal, once, when something asks for it. */
  derivePrincipal: (() => Principal | null) | undefined;
  /** The address of the client, once asked for, and the app whose `trust proxy` setting it depends on. */
  address: string | undefined;
  addressFor: unknown;
  /** The rate-limit fields that limiters of this request have set so far. */
  readonly quotas: QuotaReport[];
}

/** The state of one quota policy, for headers that several limiters of a request share. */
export interface QuotaReport {
  /** The limiter that counted: mounted twice, it counts a request once. */
  readonly limiter: object;
  /** The policy as an item of `RateLimit-Policy`, serialised; empty when its limiter does not send the field. */
  readonly policyItem: string;
  /** The policy as an item of `RateLimit`, serialised; empty likewise. */
  readonly limitItem: string;
  /** How `X-RateLimit-Reset` counts, or `false` when the limiter does not send the `X-RateLimit` fields. */
  readonly legacy: "epoch" | "delta" | false;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the quota is full again. */
  readonly resetMs: number;
}

/** V8 before version 13: Node 20 and 22. */
const HAS_UNIQUE_SHAPES = Number.parseInt(process.versions.v8, 10) < 13;

const STATE = Symbol.for("express-secure-api.state/1");

/** The state of the request, made at first use. Shared by all installed copies of this library. */
export function requestState(req: Request): RequestState {
  const carrier = req as Request & { [STATE]?: RequestState };
  return carrier[STATE] ?? createState(req);
}

function createState(req: Request): RequestState {
  if (HAS_UNIQUE_SHAPES) useDictionaries(req);
  const state: RequestState = {
    decisions: [],
    refusal: undefined,
    firstReported: undefined,
    requestId: undefined,
    traceId: undefined,
    audited: false,
    auth: undefined,
    principal: undefined,
    derivePrincipal: undefined,
    address: undefined,
    addressFor: undefined,
    quotas: [],
  };
  Object.defineProperty(req, STATE, { value: state });
  return state;
}

/**
 * Makes the request and the response of Express cheap to read, for everybody.
 *
 * Express changes their prototype and adds members afterwards. In this V8 each of them then has a hidden class of its
 * own, and every read of a member, by Node, Express, the app or us, misses the inline caches. An object that a member
 * was deleted from is a hash table instead, which those caches know how to read: `bench/` shows what that saves.
 */
function useDictionaries(req: Request): void {
  const { res } = req;
  if (res === undefined) return;
  // The links that Express itself sets: plain members, back at once with the value they had.
  if (Reflect.deleteProperty(req, "res")) req.res = res;
  const { req: link } = res;
  if (Reflect.deleteProperty(res, "req")) res.req = link;
}
