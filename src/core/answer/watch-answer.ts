import type { Request, Response } from "express";
import { requestSlot } from "../request/request-slot.js";
import type { HeadFields } from "./head-fields.js";
import { replaceMethod } from "./replace-method.js";

/** Who looks at the head of an answer just before it is sent. Made once, not for each request. */
export interface AnswerWatcher {
  /**
   * May change header fields on the response. What it throws is ignored: the answer of the app goes out.
   *
   * @returns The fields to send in place of `fields`, or `fields` itself.
   */
  onHead(req: Request, res: Response, status: number, fields: HeadFields): HeadFields;
  /**
   * Gets each part of the body before it is sent, the first one also before the head that it brings about; over HTTP/2 the
   * part that ends the answer twice. What it throws is ignored. Apps where no watcher has it do not pay for it.
   */
  onBody?(req: Request, part: string | Uint8Array, encoding: unknown): void;
}

type WriteHead = (this: Response, status: number, reason?: unknown, fields?: unknown) => Response;

interface App {
  readonly response?: object;
}

const MAX_DEPTH = 20;

/** What the responses of all apps of the Express that was seen last inherit from: nothing changes its own prototype. */
let topmost: object | undefined;

/** Watchers in their order, which never change: each list knows the ones that others make of it, so that a request allocates none. */
class Watchers {
  readonly list: readonly AnswerWatcher[];
  readonly #longer = new WeakMap<AnswerWatcher, Watchers>();
  // Mostly the same one is added, and comparing it is all there is to do.
  #added: AnswerWatcher | undefined;
  #withAdded: Watchers | undefined;

  constructor(list: readonly AnswerWatcher[]) {
    this.list = list;
  }

  with(watcher: AnswerWatcher): Watchers {
    if (this.#withAdded !== undefined && this.#added === watcher) return this.#withAdded;
    let longer = this.#longer.get(watcher);
    if (longer === undefined) {
      longer = this.list.includes(watcher) ? this : new Watchers([...this.list, watcher]);
      this.#longer.set(watcher, longer);
    }
    this.#added = watcher;
    this.#withAdded = longer;
    return longer;
  }

  /** Made of its parts again, so that equal lists are the same. */
  without(watcher: AnswerWatcher): Watchers {
    return this.list
      .filter((other) => other !== watcher)
      .reduce((made, other) => made.with(other), NONE);
  }
}

/** No watcher yet. */
const NONE = new Watchers([]);

/** The watchers of the request. */
const watching = requestSlot<Watchers>("answerWatchers");

/**
 * Has the watcher called when the head of the answer is written, whoever writes it and however late header fields are set:
 * behind `writeHead` hooks of other packages, which sessions use for their cookies.
 *
 * A hook that was put on the response of the very first request before this was called is not seen behind.
 */
export function watchAnswer(req: Request, res: Response, watcher: AnswerWatcher): void {
  watching.set(req, (watching.get(req) ?? NONE).with(watcher));
  // A router of Express that serves without an app has none.
  const { app } = req as { readonly app?: App };
  const target = commonResponse(app?.response ?? res);
  watchHeads(target);
  if (watcher.onBody === undefined) return;
  watchWrites(target);
  watchEnds(target);
}

/** Takes back {@link watchAnswer}: something else has taken the place of what the watcher stands for. */
export function unwatchAnswer(req: Request, watcher: AnswerWatcher): void {
  const known = watching.get(req);
  if (known?.list.includes(watcher) === true) watching.set(req, known.without(watcher));
}

/**
 * What the responses of all apps of one Express inherit from, in front of the class of Node: an app that stands in a router
 * does not inherit from the app around it.
 */
function commonResponse(response: object): object {
  const next: object | null = Object.getPrototypeOf(response);
  // Most apps stand in no other one: what theirs inherit from directly is looked at once.
  if (next !== null && next === topmost) return next;
  let found = response;
  let above = next;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    if (above === null || Object.hasOwn(above, "constructor")) break;
    found = above;
    above = Object.getPrototypeOf(found) as object | null;
  }
  if (found === next) topmost = next;
  return found;
}

const watchHeads = replaceMethod("writeHead", (original) => {
  function writeHead(this: Response, status: number, reason?: unknown, fields?: unknown): Response {
    const send = original(this) as WriteHead;
    const watchers = this.headersSent || !this.req ? undefined : watching.get(this.req)?.list;
    if (watchers === undefined) return send.call(this, status, reason, fields);
    // `writeHead(status, fields)`, as Node reads it.
    if (typeof reason === "string") {
      return send.call(this, status, reason, look(watchers, this, status, fields));
    }
    return send.call(this, status, look(watchers, this, status, fields ?? reason));
  }
  return writeHead as Response["writeHead"];
});

const watchWrites = replaceMethod("write", (original) => {
  function write(this: Response, ...given: readonly unknown[]): boolean {
    showPart(this, given);
    return Reflect.apply(original(this), this, given) as boolean;
  }
  return write as Response["write"];
});

const watchEnds = replaceMethod("end", (original) => {
  function end(this: Response, ...given: readonly unknown[]): Response {
    showPart(this, given);
    return Reflect.apply(original(this), this, given) as Response;
  }
  return end as Response["end"];
});

function showPart(res: Response, [part, encoding]: readonly unknown[]): void {
  const watchers = res.req ? watching.get(res.req)?.list : undefined;
  if (watchers === undefined || !(typeof part === "string" || part instanceof Uint8Array)) return;
  for (const watcher of watchers) {
    try {
      watcher.onBody?.(res.req, part, encoding);
    } catch {
      // As with the head.
    }
  }
}

function look(
  watchers: readonly AnswerWatcher[],
  res: Response,
  status: number,
  given: unknown,
): HeadFields {
  let fields = (typeof given === "object" && given !== null ? given : undefined) as HeadFields;
  for (const watcher of watchers) {
    try {
      fields = watcher.onHead(res.req, res, status, fields);
    } catch {
      // An answer that cannot be looked at is still an answer.
    }
  }
  return fields;
}
