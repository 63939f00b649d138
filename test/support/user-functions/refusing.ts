import type { RequestHandler } from "express";
import { vi } from "vitest";
import * as library from "../../../src/index.js";
import { rateLimit as expressRateLimit } from "../../../src/rate-limit/express-rate-limit/index.js";
import { requestDeadline } from "../../../src/server/request-deadline.js";
import { createTestIssuer } from "../../../src/testing/index.js";
import { overloaded } from "../overload.js";
import { behind, type Mode, withBody, withCaller, withSession } from "./deciding.js";

/** One factory with `onDenied`, and a POST that it refuses. */
export interface RefusingSite {
  readonly mount: (options: { readonly onDenied?: never; readonly mode: Mode }) => unknown;
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** @default "a=1" */
  readonly query?: string;
}

const issuer = createTestIssuer();
const tooMuch = { limit: 1, window: "1m", cost: () => 2 };
const unauthenticated = { status: 401, code: "authentication_required" } as const;

/** By option, as `functionOptions` names it. */
export const REFUSING: Readonly<Record<string, RefusingSite>> = {
  "oauthGuard.onDenied": {
    mount: (options) => library.oauthGuard({ ...issuer.options(), ...options }),
    ...unauthenticated,
  },
  "requireRole.onDenied": {
    mount: (options) => library.requireRole("admin", options),
    ...unauthenticated,
  },
  "requireScope.onDenied": {
    mount: (options) => library.requireScope("read", options),
    ...unauthenticated,
  },
  "requireScope.any.onDenied": {
    mount: (options) => library.requireScope.any("read", "write", options),
    ...unauthenticated,
  },
  "requirePermission.onDenied": {
    mount: (options) => library.requirePermission("read", options),
    ...unauthenticated,
  },
  "requirePermission.any.onDenied": {
    mount: (options) => library.requirePermission.any("read", options),
    ...unauthenticated,
  },
  "requireStepUp.onDenied": {
    mount: (options) => library.requireStepUp({ maxAge: "5m", ...options }),
    ...unauthenticated,
  },
  "authorize.onDenied": {
    mount: (options) => library.authorize(library.role("admin"), options),
    ...unauthenticated,
  },
  "requireOwnership.onDenied": {
    mount: (options) =>
      behind(
        withCaller,
        library.requireOwnership({ load: () => undefined, owner: () => null, ...options }),
      ),
    status: 404,
    code: "not_found",
  },
  "ownParam.onDenied": {
    mount: (options) => library.ownParam("a", options),
    ...unauthenticated,
  },
  "allowFields.onDenied": {
    mount: (options) =>
      library.allowFields({
        write: () => {
          throw new Error("boom");
        },
        ...options,
      }),
    status: 503,
    code: "check_unavailable",
  },
  "session.onDenied": {
    mount: (options) =>
      behind(
        withSession,
        library.session(() => {
          throw new Error("boom");
        }, options),
      ),
    status: 503,
    code: "check_unavailable",
  },
  "enrichPrincipal.onDenied": {
    mount: (options) =>
      behind(
        withCaller,
        library.enrichPrincipal(() => null, options),
      ),
    ...unauthenticated,
  },
  "principalFrom.header.onDenied": {
    mount: (options) =>
      library.principalFrom.header({
        name: "X-Authenticated-User",
        trustedPeers: ["127.0.0.1", "::1"],
        ...options,
      }),
    headers: { "x-authenticated-user": "alice, bob" },
    status: 400,
    code: "invalid_request",
  },
  "validate.onDenied": {
    mount: (options) => library.validate({ query: { type: "object", properties: {} }, ...options }),
    status: 422,
    code: "validation_failed",
  },
  "rateLimit.onDenied": {
    mount: (options) => library.rateLimit({ ...tooMuch, ...options }),
    status: 429,
    code: "rate_limit_exceeded",
  },
  "loginThrottle.onDenied": {
    mount: (options) =>
      behind(withBody, library.loginThrottle({ user: () => null as never, ...options })),
    status: 400,
    code: "bad_request",
  },
  "express-rate-limit: rateLimit.onDenied": {
    mount: (options) =>
      expressRateLimit({
        keyGenerator: () => {
          throw new Error("boom");
        },
        ...options,
      }),
    status: 503,
    code: "check_unavailable",
  },
  "secureHeaders.onDenied": {
    mount: (options) => library.secureHeaders({ crossOriginGuard: {}, ...options }),
    headers: { cookie: "session=1", "sec-fetch-site": "cross-site" },
    status: 403,
    code: "cross_origin_blocked",
  },
  "jsonBody.onDenied": {
    mount: (options) => library.jsonBody(options),
    body: "{",
    status: 400,
    code: "malformed_json",
  },
  "formBody.onDenied": {
    mount: (options) => library.formBody(options),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "a=%",
    status: 400,
    code: "malformed_body",
  },
  "loadShedding.onDenied": {
    mount: (options) => overloaded({ low: "/*", ...options }),
    status: 503,
    code: "overloaded",
  },
  "requestDeadline.onDenied": {
    mount: (options) =>
      behind(
        requestDeadline({ timeout: "1s", ...options }) as RequestHandler,
        (_req, _res, next) => {
          vi.advanceTimersByTime(1000);
          next();
        },
      ),
    status: 503,
    code: "deadline_exceeded",
  },
  "structuralGuard.onDenied": {
    mount: (options) => library.structuralGuard(options),
    query: "a=%00",
    status: 400,
    code: "forbidden_character",
  },
  "auditLog.onDenied": {
    mount: (options) => {
      const sinks = [library.fileSink({ path: "/dev/full" })];
      return library.auditLog({ sinks, onFailure: "fail-operation", ...options });
    },
    status: 503,
    code: "audit_unavailable",
  },
  "secureApi.enrich.onDenied": {
    mount: ({ mode, onDenied }) =>
      library.secureApi({
        oauthGuard: false,
        authenticate: library.principalFrom(() => ({ subject: "alice" })),
        rateLimit: false,
        auditLog: false,
        secureHeaders: { mode: "report", crossOriginGuard: false },
        mode,
        enrich: { lookUp: () => null, ...(onDenied === undefined ? {} : { onDenied }) },
      }),
    ...unauthenticated,
  },
  "secureApi.onDenied": {
    mount: (options) =>
      library.secureApi({
        oauthGuard: issuer.options(),
        rateLimit: false,
        auditLog: false,
        ...options,
      }),
    ...unauthenticated,
  },
};
