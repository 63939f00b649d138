import type { Request } from "express";
import { requestId } from "../../core/refusal/problem-details.js";
import type { PolicyCall } from "./policy-engine.js";
import { PolicyOutage } from "./policy-outage.js";

/** One question to an engine: whoever answers can learn that nobody waits any more. */
export class EngineCall {
  /** What the engine is told. Own members, so that engines may spread it; the signal is made when it is looked at. */
  readonly told: PolicyCall;
  readonly #req: Request;
  #controller: AbortController | undefined;
  #reason: unknown;
  #ended = false;

  constructor(req: Request) {
    this.#req = req;
    const signal = (): AbortSignal => this.#signal();
    const id = requestId.get(req);
    this.told = {
      get signal() {
        return signal();
      },
      ...(id === undefined ? {} : { requestId: id }),
    };
  }

  /** The engine has answered. */
  end(): void {
    this.#ended = true;
    if (this.#controller !== undefined) this.#req.res?.removeListener("close", this.#onClose);
  }

  /** Nobody waits for the answer any more. */
  giveUp(reason: unknown): void {
    this.end();
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const { res } = this.#req;
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
      else if (!this.#ended && res !== undefined) {
        if (res.destroyed && !res.writableFinished) this.#onClose();
        else res.once("close", this.#onClose);
      }
    }
    return this.#controller.signal;
  }

  /** In report mode the answer may be sent before the engine has decided: then nobody has left. */
  readonly #onClose = (): void => {
    if (this.#req.res?.writableFinished === true) return;
    this.#controller?.abort(new PolicyOutage("client_left", "the client has left"));
  };
}
