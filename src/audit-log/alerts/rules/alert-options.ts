import type { Request } from "express";
import type { AlertSeverity } from "./alert.js";
import type { DefaultAlert } from "./default-rules.js";

/** Options of alerts. */
export interface AlertOptions {
  /** Rules of your own, at most 100. @default none */
  readonly rules?: readonly AlertRule[] | undefined;
  /**
   * The default rules: `false` for none of them, or by name `false` for one that you do not want and numbers of your own
   * for one that you want otherwise: `{ "excess-404": { threshold: 100 }, "latency-drift": false }`. @default all
   */
  readonly defaults?:
    | false
    | { readonly [Name in DefaultAlert]?: false | AlertThresholds | undefined }
    | undefined;
  /** What nobody has a reason to touch: one request that does is an alert. @default none */
  readonly honeytokens?: HoneytokenOptions | undefined;
  /**
   * Names the account that a failed login was for, such as `(req) => req.body?.email`: then the rules about logins know
   * accounts apart. It is asked about failed logins only, and kept as a digest, never recorded as it is; letter case and spaces around it make no difference. It may return a
   * promise, which has 5 seconds; `undefined`, and what fails, is no account. @default none
   */
  readonly account?:
    | ((req: Request) => string | undefined | Promise<string | undefined>)
    | undefined;
  /** Whether refusals that report mode lets through count like refusals. @default false */
  readonly countReported?: boolean | undefined;
}

/** When a rule is met, and how often that is told. */
export interface AlertThresholds {
  /** How many, from 1 to 1,000,000; of different things at most 1,000. */
  readonly threshold?: number | undefined;
  /** In which time, from `"1s"` to `"1d"`. */
  readonly window?: string | undefined;
  /** For how long the same is not told again, from `"1s"` to `"1d"`. @default "10m" */
  readonly cooldown?: string | undefined;
}

/** A rule of the app. */
export interface AlertRule {
  /** Unique, at most 64 characters, and none of the names of the default rules. */
  readonly name: string;
  /**
   * Which requests count: those with one of these names as `event.name`, such as `"authz_fail"`, and events of the app
   * and of connections with such a name; `"authn_login_fail"` only where a credential was tried that is wrong; or requests for which the function returns `true`. It is asked about every request when that is over, and may return a promise, which has 5
   * seconds. What fails counts nothing.
   */
  readonly when:
    | string
    | readonly string[]
    | ((request: AlertRequest) => boolean | Promise<boolean>);
  /**
   * What is counted together: the client's address (of IPv6 its network of 64 bits), the caller, the token, the route,
   * `"all"` requests, or what the function returns, at most 256 characters; it may return a promise, which has 5 seconds. A
   * request without a key does not count.
   * @default "address"
   */
  readonly by?:
    | "address"
    | "subject"
    | "token"
    | "route"
    | "all"
    | ((request: AlertRequest) => string | undefined | Promise<string | undefined>)
    | undefined;
  /** How many, from 1 to 1,000,000; with `distinct` at most 1,000. */
  readonly threshold: number;
  /** In which time, from `"1s"` to `"1d"`. */
  readonly window: string;
  /** Counts different callers, routes, paths or addresses in place of requests. @default none */
  readonly distinct?: "subjects" | "routes" | "targets" | "addresses" | undefined;
  /** @default "WARN" */
  readonly severity?: AlertSeverity | undefined;
  /** For how long the same is not told again, from `"1s"` to `"1d"`. @default "10m" */
  readonly cooldown?: string | undefined;
}

/** What nobody has a reason to touch. */
export interface HoneytokenOptions {
  /** Patterns of paths that no client knows, such as `"/admin.php"` or `"/backup/*"`. @default none */
  readonly routes?: string | readonly string[] | undefined;
  /** Names of request header fields that no client sends; those of ordinary clients are an error. @default none */
  readonly headers?: string | readonly string[] | undefined;
  /** Ids of callers that nobody is, as `audit.actor.id` has them. @default none */
  readonly subjects?: string | readonly string[] | undefined;
}

/** A request that is over, as a rule sees it. Frozen. */
export interface AlertRequest {
  readonly req: Request;
  /** `event.name` of its record. */
  readonly event: string;
  readonly outcome: "success" | "failure" | "unknown";
  /** The status that was sent, if any. */
  readonly status: number | undefined;
  /** Code and reason of the refusal. */
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly method: string;
  /** The template of the route. */
  readonly route: string | undefined;
  /** Of IPv6 the network of 64 bits. */
  readonly address: string | undefined;
  /** The id of the caller. */
  readonly subject: string | undefined;
}
