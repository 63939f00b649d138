import { type Claims, claimAt, readNames } from "./names/claim-source.js";

/** In which form a token says how its user has logged in; the claims `acr`, `amr` and `auth_time` where it is left out. */
export const LOGIN_FORMS = Object.freeze(["clerk", "firebase", "supabase"] as const);

/** One of {@link LOGIN_FORMS}. */
export type LoginForm = (typeof LOGIN_FORMS)[number];

/** How the user of a token has logged in. What is malformed counts as absent. */
export interface Login {
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** In seconds since 1970. */
  readonly authTime: number | undefined;
}

/** Reads the claims about the login. */
export function loginIn(claims: Claims, form: LoginForm | undefined): Login {
  if (form === "clerk") return ofClerk(claims);
  const authTime = finite(claimAt(claims, "auth_time"));
  if (form === "supabase") {
    return { acr: text(claimAt(claims, "aal")), amr: methodsIn(claimAt(claims, "amr")), authTime };
  }
  const { names } = readNames(claims, [{ path: "amr" }]);
  const acr = text(claimAt(claims, "acr"));
  if (form !== "firebase") return { acr, amr: names, authTime };
  const second = text(claimAt(claims, ["firebase", "sign_in_second_factor"]));
  return { acr, amr: second === undefined ? names : Object.freeze(["mfa", second]), authTime };
}

/**
 * `fva`: how many whole minutes before `iat` the user has proved the first factor and the second one; -1 for one that was never
 * proved. A minute that has begun counts as over, so that no login seems more recent than it is.
 */
function ofClerk(claims: Claims): Login {
  const ages = claimAt(claims, "fva");
  const [first, second] = (Array.isArray(ages) ? ages : []).map(finite);
  const issuedAt = finite(claimAt(claims, "iat"));
  const isKnown = first !== undefined && first >= 0 && issuedAt !== undefined;
  return {
    acr: text(claimAt(claims, "acr")),
    amr: Object.freeze(second !== undefined && second >= 0 ? ["mfa"] : []),
    authTime: isKnown ? issuedAt - (first + 1) * 60 : undefined,
  };
}

/** `[{ method: "password", timestamp: 1767225600 }]`, or the methods alone. Nothing is taken from a list that nobody can read. */
function methodsIn(value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const methods = items.map((item) =>
    text(typeof item === "object" && item !== null ? claimAt(item as Claims, "method") : item),
  );
  const known = methods.filter((method) => method !== undefined);
  return Object.freeze(known.length === methods.length ? [...new Set(known)] : []);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function finite(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
