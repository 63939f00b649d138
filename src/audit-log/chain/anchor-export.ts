import { createCall } from "../../core/calls/create-call.js";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import { atNextTurn } from "../process/next-turn.js";
import type { AuditAnchor } from "./integrity-options.js";

/**
 * Tells a function of the app of checkpoints, one call at a time, when the turn of the event loop is over that wrote them.
 * While a call is under way, only the newest checkpoint waits: its hash covers those before it.
 */
export class AnchorExport {
  readonly #call: (anchor: AuditAnchor, nothing: undefined) => unknown;
  readonly #onFailure: (error: unknown) => void;
  readonly #nobody = new OutsideScope("ExpressSecureApiAuditAnchors");
  #newest: AuditAnchor | undefined;
  #calling: Promise<void> | undefined;
  #failures = 0;

  /** @param onFailure - Must not throw. */
  constructor(onCheckpoint: (anchor: AuditAnchor) => unknown, onFailure: (error: unknown) => void) {
    this.#call = createCall<void, AuditAnchor, undefined>(onCheckpoint, {
      option: "auditLog.integrity.onCheckpoint",
      parse: () => undefined,
    });
    this.#onFailure = onFailure;
  }

  /** Calls that failed since the start. */
  get failures(): number {
    return this.#failures;
  }

  /** Tells of this checkpoint when the turn is over, or later. */
  tellSoon(anchor: AuditAnchor): void {
    const isScheduled = this.#newest !== undefined;
    this.#newest = anchor;
    // Whoever is called now, or is about to be, comes to this one next.
    if (!isScheduled && this.#calling === undefined)
      this.#nobody.runInAsyncScope(atNextTurn, undefined, () => this.tell());
  }

  /** Tells of the newest checkpoint now, unless a call is under way. */
  tell(): void {
    if (this.#calling !== undefined || this.#newest === undefined) return;
    this.#nobody.runInAsyncScope(() => this.#tellNewest());
  }

  /** Waits until the newest checkpoint was told, or that failed. */
  async idle(): Promise<void> {
    this.tell();
    while (this.#calling !== undefined) await this.#calling;
  }

  #tellNewest(): void {
    const anchor = this.#newest as AuditAnchor;
    this.#newest = undefined;
    try {
      const answer = this.#call(anchor, undefined);
      if (answer === undefined) return;
      this.#calling = Promise.resolve(answer).then(
        () => this.#next(),
        (error: unknown) => {
          this.#fail(error);
          this.#next();
        },
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #next(): void {
    this.#calling = undefined;
    this.tell();
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    this.#onFailure(error);
  }
}
