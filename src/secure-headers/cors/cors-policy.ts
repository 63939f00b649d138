import type { Request, Response } from "express";
import { addVary, isToken } from "../../core/http/header-values.js";
import { corsHeaders, type HeaderFields } from "./cors-headers.js";
import type { CorsSettings } from "./cors-options.js";

/** CORS for one list of origins: what to put on answers. Decides nothing about letting a request through. */
export interface CorsPolicy {
  readonly credentials: boolean;
  /** Whether pages of this origin may read answers. @throws FunctionFailure when the app's function fails */
  allows(origin: string, req: Request): boolean | Promise<boolean>;
  /** Whether the origin is known to be allowed without asking a function of the app. */
  lists(origin: string): boolean;
  /** What the preflight asks for and does not get, whatever its origin. */
  missing(req: Request): Missing;
  /** Tells caches what the answer depends on. Due on every answer, also on those without `Origin`. */
  vary(req: Request, res: Response): void;
  /** Lets pages of the origin read the answer. @returns What it allows them. */
  share(origin: string | undefined, res: Response): CorsGrant;
  /** Keeps the answer from all pages, whatever a middleware before this one has set. */
  withhold(res: Response): void;
  /** Answers an allowed preflight with 204. */
  answerPreflight(origin: string, req: Request, res: Response): void;
  /** Says what the policy allows, without what the preflight misses, so that the browser names that. */
  explain(origin: string, req: Request, res: Response): void;
}

/** What an answer allows pages of one origin: the values of its header fields, `undefined` where it has none. */
export interface CorsGrant {
  /** `Access-Control-Allow-Origin` */
  readonly origin: string | undefined;
  /** `Access-Control-Allow-Credentials` */
  readonly credentials: string | undefined;
}

/** Nothing at all. */
export const NO_GRANT: CorsGrant = Object.freeze({ origin: undefined, credentials: undefined });

/** What a preflight asks for and the policy does not allow. */
export interface Missing {
  /** The first thing that the browser would look at. */
  readonly reason: MissingReason | undefined;
  /** The names of the request headers, in lower case. */
  readonly headers: readonly string[];
  /**
   * Whether no 204 can refuse it: browsers allow GET, HEAD and POST to every listed origin, named or not
   * (https://fetch.spec.whatwg.org/#cors-preflight-fetch, step 7), and Chromium only warns where the private network is
   * not allowed.
   */
  readonly needsStatus: boolean;
}

type MissingReason = "method_not_allowed" | "header_not_allowed" | "private_network_not_allowed";

const ALLOW_ORIGIN = "Access-Control-Allow-Origin";
const ALLOW_HEADERS = "Access-Control-Allow-Headers";
/** https://fetch.spec.whatwg.org/#cors-safelisted-method */
const SAFELISTED = new Set<unknown>(["GET", "HEAD", "POST"]);
const NO_NAMES: readonly string[] = Object.freeze([]);
const PREFLIGHT_VARY = ["Access-Control-Request-Method", "Access-Control-Request-Headers"];

/** Whether the request asks for permission (https://fetch.spec.whatwg.org/#cors-preflight-fetch). */
export function isPreflight(req: Request): boolean {
  return (
    req.method === "OPTIONS" &&
    req.headers.origin !== undefined &&
    req.headers["access-control-request-method"] !== undefined
  );
}

/** Computes all header values once. */
export function createCorsPolicy(settings: CorsSettings): CorsPolicy {
  const { origins, credentials } = settings;
  const { preflight, actual } = corsHeaders(settings);
  // What was refused is not to be remembered.
  const policy = preflight.filter(([name]) => name !== "Access-Control-Max-Age");
  const methods = new Set(settings.methods);
  const allowedNames = new Set(settings.allowedHeaders.map((name) => name.toLowerCase()));
  const anyHeader = allowedNames.has("*");
  const anyButAuthorization = anyHeader && !allowedNames.has("authorization");

  function mayName(name: string): boolean {
    return allowedNames.has(name) || name === "" || (anyHeader && name !== "authorization");
  }

  function missingReason(req: Request, listed: boolean, refused: number): Missing["reason"] {
    if (!listed) return "method_not_allowed";
    if (refused > 0) return "header_not_allowed";
    return req.headers["access-control-request-private-network"] === "true"
      ? "private_network_not_allowed"
      : undefined;
  }

  /**
   * Chromium lets a star allow Authorization as well, and remembers it for later requests: only names without a star
   * refuse that.
   */
  function nameHeaders(req: Request, res: Response): void {
    if (!anyButAuthorization) return;
    const names = namesAskedFor(req).filter(
      (name) => isToken(name) && name !== "*" && mayName(name),
    );
    if (names.length > 0) res.setHeader(ALLOW_HEADERS, names.join(","));
    else res.removeHeader(ALLOW_HEADERS);
  }

  return {
    credentials,
    allows: (origin, req) => origins.allows(origin, req),
    lists: (origin) => origins.lists(origin),
    missing(req) {
      const method = req.headers["access-control-request-method"];
      const listed = typeof method === "string" && methods.has(method);
      const refused = namesAskedFor(req).filter((name) => !mayName(name));
      const reason = missingReason(req, listed, refused.length);
      const needsStatus =
        reason === "private_network_not_allowed" || (!listed && SAFELISTED.has(method));
      return { reason, headers: refused, needsStatus };
    },
    vary(req, res) {
      if (!origins.any) setVary(res, "Origin");
      if (req.method === "OPTIONS") for (const name of PREFLIGHT_VARY) setVary(res, name);
    },
    share(origin, res) {
      if (!origins.any && origin === undefined) return NO_GRANT;
      const allowed = origins.any ? "*" : origin;
      res.setHeader(ALLOW_ORIGIN, allowed as string);
      setAll(actual, res);
      if (!credentials) res.removeHeader("Access-Control-Allow-Credentials");
      return { origin: allowed, credentials: credentials ? "true" : undefined };
    },
    withhold,
    answerPreflight(origin, req, res) {
      withhold(res);
      res.setHeader(ALLOW_ORIGIN, origins.any ? "*" : origin);
      setAll(preflight, res);
      nameHeaders(req, res);
      res.statusCode = 204;
      res.end();
    },
    explain(origin, req, res) {
      withhold(res);
      res.setHeader(ALLOW_ORIGIN, origins.any ? "*" : origin);
      setAll(policy, res);
      nameHeaders(req, res);
    },
  };
}

function withhold(res: Response): void {
  for (const name of res.getHeaderNames())
    if (name.startsWith("access-control-")) res.removeHeader(name);
}

function namesAskedFor(req: Request): readonly string[] {
  const names = req.headers["access-control-request-headers"];
  if (names === undefined) return NO_NAMES;
  return String(names)
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
}

function setVary(res: Response, name: string): void {
  res.setHeader("Vary", addVary(res.getHeader("Vary"), name));
}

function setAll(fields: HeaderFields, res: Response): void {
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index] as HeaderFields[number];
    res.setHeader(field[0], field[1]);
  }
}
