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

type DerivedLists = WeakMap<
  readonly AnswerWatcher[],
  WeakMap<AnswerWatcher, readonly AnswerWatcher[]>
>;

const MAX_DEPTH = 20;

/** The watchers of the request, in their order. */
const watching = requestSlot<readonly AnswerWatcher[]>("answerWatchers");
/** No watcher yet. */
const NONE: readonly AnswerWatcher[] = Object.freeze([]);
/** Each list with one watcher more, and with one less, so that a request allocates none. */
const longer: DerivedLists = new WeakMap();
const shorter: DerivedLists = new WeakMap();

/**
 * Has the watcher called when the head of the answer is written, whoever writes it and however late header fields are set:
 * behind `writeHead` hooks of other packages, which sessions use for their cookies.
 *
 * A hook that was put on the response of the very first request before this was called is not seen behind.
 */
export function watchAnswer(req: Request, res: Response, watcher: AnswerWatcher): void {
  const known = watching.get(req) ?? NONE;
  if (!known.includes(watcher)) watching.set(req, withOneMore(known, watcher));
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
  if (known?.includes(watcher) === true) watching.set(req, withOneLess(known, watcher));
}

/**
 * What the responses of all apps of one Express inherit from, in front of the class of Node: an app that stands in a router
 * does not inherit from the app around it.
 */
function commonResponse(response: object): object {
  let found = response;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const above: object | null = Object.getPrototypeOf(found);
    if (above === null || Object.hasOwn(above, "constructor")) break;
    found = above;
  }
  return found;
}

function withOneMore(
  known: readonly AnswerWatcher[],
  watcher: AnswerWatcher,
): readonly AnswerWatcher[] {
  return derived(longer, known, watcher, () => [...known, watcher]);
}

function withOneLess(
  known: readonly AnswerWatcher[],
  watcher: AnswerWatcher,
): readonly AnswerWatcher[] {
  return derived(shorter, known, watcher, () => known.filter((other) => other !== watcher));
}

function derived(
  from: DerivedLists,
  known: readonly AnswerWatcher[],
  watcher: AnswerWatcher,
  make: () => readonly AnswerWatcher[],
): readonly AnswerWatcher[] {
  let lists = from.get(known);
  if (lists === undefined) {
    lists = new WeakMap();
    from.set(known, lists);
  }
  let list = lists.get(watcher);
  if (list === undefined) {
    list = Object.freeze(make());
    lists.set(watcher, list);
  }
  return list;
}

const watchHeads = replaceMethod("writeHead", (original) => {
  function writeHead(this: Response, status: number, reason?: unknown, fields?: unknown): Response {
    const send = original(this) as WriteHead;
    const watchers = this.headersSent || !this.req ? undefined : watching.get(this.req);
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
  const watchers = res.req ? watching.get(res.req) : undefined;
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
