import type { OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { describeValue } from "../../core/options/value.js";
import { MissingClaims } from "../token/missing-claims.js";

/** Tokens that lack claims for the time of a migration. */
export interface AcceptWithoutOptions {
  /** The claims that may be missing: `"iss"`, `"aud"`, or both. One that is there is checked. */
  readonly claims: "iss" | "aud" | readonly ("iss" | "aud")[];
  /**
   * The first day, in UTC, on which such tokens are refused: `"2027-03-01"`. At most 366 days ahead.
   */
  readonly until: string;
}

const KEYS: OptionKeys<AcceptWithoutOptions> = {
  claims: "neverUndefined",
  until: "neverUndefined",
};
const CLAIMS: readonly string[] = ["iss", "aud"];
const DAY = 86_400_000;
const MAX_DAYS = 366;

/** What of the issuer decides which claims can be missing. */
interface Context {
  /** Whether the keys are given, and not fetched. */
  readonly isStatic: boolean;
  /** Whether tokens have an `iss` at all. */
  readonly named: boolean;
  /** Whether the audience is checked. */
  readonly hasAudience: boolean;
  readonly demandsAll: boolean;
}

/** Reads `acceptWithout`. @returns `undefined` when left out, or wrong. */
export function readAcceptWithout(
  reader: OptionsReader<"acceptWithout">,
  context: Context,
): MissingClaims | undefined {
  const own = reader.object<AcceptWithoutOptions>(
    "acceptWithout",
    KEYS,
    {},
    '{ claims: ["iss", "aud"], until: "2027-03-01" }',
  );
  if (own === undefined) return undefined;
  if (!context.isStatic) {
    reader.note(
      "acceptWithout",
      "must be left out without secret, publicKey or jwks: issuers whose keys are fetched name themselves",
    );
  } else if (context.demandsAll) {
    reader.note(
      "acceptWithout",
      'must be left out with profile "rfc9068", which demands these claims',
    );
  }
  const claims = own.strings("claims", {
    required: true,
    check: (name) => claimFault(name, context),
  });
  const until = readDay(own);
  if (claims === undefined || until === undefined) return undefined;
  return new MissingClaims(claims, until);
}

function claimFault(name: string, { named, hasAudience }: Context): string | undefined {
  if (name === "exp") return "must not be exp: a token that never expires is never accepted";
  if (!CLAIMS.includes(name)) return 'must be "iss" or "aud"';
  if (name === "iss" && !named) return "must not be iss with issuer: null, where no token has one";
  return name === "aud" && !hasAudience
    ? "must not be aud with audience: null, which checks none"
    : undefined;
}

function readDay(own: OptionsReader<"until">): number | undefined {
  const must = 'a day such as "2027-03-01"';
  const text = own.string("until", { required: true, must });
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // `Date.parse` takes the 31st of February for a day in March in some engines.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) {
    own.note("until", `must be ${must}, got ${describeValue(text)}`);
    return undefined;
  }
  if (time - Date.now() > MAX_DAYS * DAY) {
    own.note("until", `must be at most ${MAX_DAYS} days ahead: a migration has an end`);
  }
  return time;
}
