import type { Request } from "express";
import { restricts } from "../../core/http/path-pattern.js";
import { type RequestTraits, targetOf } from "./request-traits.js";
import type { Honeytokens } from "./rules/alert-settings.js";

/** Which honeytoken the request has touched, as the alert names it. Never what the client sent. */
export function honeytokenIn(
  { routes, headers, subjects }: Honeytokens,
  traits: RequestTraits,
): string | undefined {
  const { req, entry } = traits.facts;
  if (headers.length > 0) {
    const header = headers.find((name) => Object.hasOwn(req.headers, name));
    if (header !== undefined) return `header ${header}`;
  }
  const { subject } = traits;
  if (subject !== undefined && subjects.has(subject)) return `subject ${subject}`;
  if (routes.length === 0) return undefined;
  const asked = asArrived(req, entry.method);
  const pattern = routes.find((route) => restricts(route, asked));
  return pattern === undefined ? undefined : `route ${pattern.text}`;
}

/** The request with its path and method as they arrived, which handlers may have replaced. */
function asArrived(req: Request, method: string): Request {
  return Object.create(req, {
    method: { value: method },
    baseUrl: { value: "" },
    path: { value: targetOf(req) ?? "/" },
  }) as Request;
}
