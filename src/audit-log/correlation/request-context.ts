import { AsyncLocalStorage } from "node:async_hooks";
import type { Request, Response } from "express";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";

/** The request that the code at hand runs for. Frozen. */
export interface RequestContext {
  /** As the record has it as `http.request.id`, and the response as `X-Request-Id`. */
  readonly requestId: string;
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** `01`: the trace is sampled. `02`: its id is random as a whole. `03`: both. */
  readonly traceFlags: string;
  /**
   * Who calls, as `getPrincipal(req)` says at this moment; `null` for nobody, and when it cannot be told. It is not
   * enumerable: a context that is logged or copied as a whole does not tell who it is.
   */
  readonly principal: Principal | null;
}

/** The ids of a request. */
interface RequestIds {
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: string;
}

class Context implements RequestContext {
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: string;
  readonly #req: Request;

  constructor(req: Request, { requestId, traceId, spanId, traceFlags }: RequestIds) {
    this.#req = req;
    this.requestId = requestId;
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceFlags = traceFlags;
    Object.freeze(this);
  }

  get principal(): Principal | null {
    try {
      return getPrincipal(this.#req);
    } catch {
      // A mapping of the app that fails: guards refuse such a request, a line of a log must not.
      return null;
    }
  }
}

// Of the process, because it is asked for where no request is at hand. Nothing is kept in it: each asynchronous step has
// the context of the step that began it. As long as no log is made with `context: true`, it is not even switched on.
const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the request that the code at hand runs for. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/**
 * Runs the rest of the request in its context: what `handle` calls, whatever that begins, and the listeners of the request
 * and the response. Node emits their events where the connection began, which knows of no request.
 */
export function runInContext(
  req: Request,
  res: Response,
  ids: RequestIds,
  handle: () => void,
): void {
  const context = new Context(req, ids);
  emitInContext(req, context);
  emitInContext(res, context);
  writeInContext(res, context);
  storage.run(context, handle);
}

function emitInContext(emitter: Request | Response, context: RequestContext): void {
  const { emit } = emitter;
  function emitHere(this: unknown, ...event: Parameters<typeof emit>): boolean {
    return storage.run(context, () => Reflect.apply(emit, this, event) as boolean);
  }
  hide(emitter, "emit", emitHere);
}

/** Of an answer that waits for an earlier one on its connection, Node calls back for what was written in the context of that. */
function writeInContext(res: Response, context: RequestContext): void {
  const { write } = res;
  function writeHere(this: unknown, ...given: unknown[]): boolean {
    const written = given.at(-1);
    if (typeof written === "function")
      given[given.length - 1] = (...values: readonly unknown[]): unknown =>
        storage.run(context, () => Reflect.apply(written, undefined, values));
    return Reflect.apply(write, this, given) as boolean;
  }
  hide(res, "write", writeHere);
}

/** As a method would be: what lists the members of the request does not see it. */
function hide(holder: Request | Response, name: string, value: unknown): void {
  Object.defineProperty(holder, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
