import { restricts } from "../../core/http/path-pattern.js";
import { asArrived } from "../routes/as-arrived.js";
import type { RequestTraits } from "./request-traits.js";
import type { Honeytokens } from "./rules/alert-settings.js";

/** A honeytoken, as the app has named it. */
export interface Touched {
  readonly kind: "header" | "route" | "subject";
  readonly name: string;
}

/** Which honeytoken the request has touched. Never what the client sent. */
export function honeytokenIn(
  { routes, headers, subjects }: Honeytokens,
  traits: RequestTraits,
): Touched | undefined {
  const { req, entry } = traits.facts;
  if (headers.length > 0) {
    const header = headers.find((name) => Object.hasOwn(req.headers, name));
    if (header !== undefined) return { kind: "header", name: header };
  }
  const { subject } = traits;
  if (subject !== undefined && subjects.has(subject)) return { kind: "subject", name: subject };
  if (routes.length === 0) return undefined;
  const asked = asArrived(req, entry.method);
  const pattern = routes.find((route) => restricts(route, asked));
  return pattern === undefined ? undefined : { kind: "route", name: pattern.text };
}
