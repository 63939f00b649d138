import type { Request, Response } from "express";
import { addVary } from "../../core/http/header-values.js";
import { corsHeaders, type HeaderFields } from "./cors-headers.js";
import type { CorsSettings } from "./cors-options.js";

/** CORS for one list of origins: what to put on answers. Decides nothing about letting a request through. */
export interface CorsPolicy {
  readonly credentials: boolean;
  /** Whether pages of this origin may read answers. @throws FunctionFailure when the app's function fails */
  allows(origin: string, req: Request): boolean | Promise<boolean>;
  /** Why a preflight of an allowed origin is refused, if it is. */
  preflightProblem(req: Request): "method_not_allowed" | "header_not_allowed" | undefined;
  /** Tells caches what the answer depends on. Due on every answer, also on those without `Origin`. */
  vary(req: Request, res: Response): void;
  /** Lets pages of the origin read the answer. */
  share(origin: string | undefined, res: Response): void;
  /** Keeps the answer from all pages, whatever a middleware before this one has set. */
  withhold(res: Response): void;
  /** Answers an allowed preflight with 204. */
  answerPreflight(origin: string, res: Response): void;
}

const ALLOW_ORIGIN = "Access-Control-Allow-Origin";
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
  const methods = new Set(settings.methods);
  const allowedNames = new Set(settings.allowedHeaders.map((name) => name.toLowerCase()));
  const anyHeader = allowedNames.has("*");

  function mayName(name: string): boolean {
    return allowedNames.has(name) || name === "" || (anyHeader && name !== "authorization");
  }

  return {
    credentials,
    allows: (origin, req) => origins.allows(origin, req),
    preflightProblem(req) {
      const method = req.headers["access-control-request-method"];
      if (typeof method !== "string" || !methods.has(method)) return "method_not_allowed";
      const names = req.headers["access-control-request-headers"];
      if (names === undefined) return undefined;
      const all = String(names).toLowerCase().split(",");
      return all.every((name) => mayName(name.trim())) ? undefined : "header_not_allowed";
    },
    vary(req, res) {
      if (!origins.any) setVary(res, "Origin");
      if (req.method === "OPTIONS") for (const name of PREFLIGHT_VARY) setVary(res, name);
    },
    share(origin, res) {
      if (!origins.any && origin === undefined) return;
      res.setHeader(ALLOW_ORIGIN, origins.any ? "*" : (origin as string));
      setAll(actual, res);
      if (!credentials) res.removeHeader("Access-Control-Allow-Credentials");
    },
    withhold(res) {
      for (const name of res.getHeaderNames())
        if (name.startsWith("access-control-")) res.removeHeader(name);
    },
    answerPreflight(origin, res) {
      res.setHeader(ALLOW_ORIGIN, origins.any ? "*" : origin);
      setAll(preflight, res);
      res.statusCode = 204;
      res.end();
    },
  };
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
