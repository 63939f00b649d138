import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";

/**
 * The claims that tokens of an issuer may lack until a day. From then on such tokens are refused, and
 * the operator is told once.
 */
export class MissingClaims {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly #names: readonly string[];
  #warned = false;

  constructor(names: readonly string[], until: number) {
    this.until = until;
    this.#names = names;
  }

  /** Whether tokens without this claim are looked at. */
  covers(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Whether the token lacks one of the claims. */
  applyTo(claims: Claims): boolean {
    for (const name of this.#names) if (claimAt(claims, name) === undefined) return true;
    return false;
  }

  /** Whether such tokens are still accepted. Only verified tokens are asked about. */
  areAccepted(now: number): boolean {
    if (now < this.until) return true;
    this.warnWhenOver(now);
    return false;
  }

  warnWhenOver(now: number): void {
    if (now < this.until || this.#warned) return;
    this.#warned = true;
    process.emitWarning(
      "oauthGuard.acceptWithout.until is over: tokens that lack these claims are refused. Delete the option.",
      { code: "EXPRESS_SECURE_API_ACCEPT_WITHOUT_OVER", type: "SecurityWarning" },
    );
  }
}
