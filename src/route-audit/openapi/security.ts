import { scopeAlternatives } from "../facts/requirement.js";
import type { RouteFacts } from "../facts/route-facts.js";

/** A security requirement object: schemes that are all needed, with scopes. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

/** The name of the scheme where a caller is demanded, but no guard that learns who calls was seen. */
const UNKNOWN = "authentication";
const BEARER = "oauthGuard";

/** What of a scheme must be filled in by hand, because no guard says it. */
const FILL_IN = "The audit does not know how credentials are sent here: fill it in.";

/** How callers may prove who they are: one of the list is enough, an empty list asks for nothing. */
export function securityOf(facts: RouteFacts): readonly SecurityRequirement[] {
  const { authentication, requirements } = facts;
  const demanded = authentication.filter(({ optional }) => !optional).map(({ guard }) => guard);
  const optional = authentication.filter((one) => one.optional).map(({ guard }) => guard);
  const ways = demanded.length > 0 ? [demanded] : optional.map((guard) => [guard]);
  if (requirements.length > 0) {
    const scopes = scopeAlternatives(requirements);
    return (ways.length === 0 ? [[UNKNOWN]] : ways).flatMap((way) =>
      scopes.map((names) => requirementOf(way, names)),
    );
  }
  const open = ways.length > 0 && demanded.length === 0 ? [{}] : [];
  return [...ways.map((way) => requirementOf(way, [])), ...open];
}

/** The scheme of a name that {@link securityOf} gave. */
export function schemeOf(name: string): object {
  if (name === BEARER) return { type: "http", scheme: "bearer", bearerFormat: "JWT" };
  if (name === "session") {
    return { type: "apiKey", in: "cookie", name: "session", description: FILL_IN };
  }
  return { type: "apiKey", in: "header", name: "Authorization", description: FILL_IN };
}

function requirementOf(way: readonly string[], scopes: readonly string[]): SecurityRequirement {
  const names = [...new Set(way.map(componentName))];
  const holder = names.includes(BEARER) ? BEARER : names[0];
  return Object.fromEntries(names.map((name) => [name, name === holder ? scopes : []]));
}

/** Names of components are restricted (OpenAPI 3.1 §4.8.7). */
function componentName(guard: string): string {
  return guard.replaceAll(/[^\w.-]/g, "_") || UNKNOWN;
}
