import { isUint8Array } from "node:util/types";
import { promiseOf } from "../../core/calls/follow.js";
import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable } from "../../core/calls/user-function.js";
import { beforeAbort } from "./before-abort.js";

/** In which bounds an answer is read. */
export interface BodyBounds {
  /** Covers headers and body. */
  readonly signal: AbortSignal;
  /** Most bytes of a body, after decompression. */
  readonly maxSize: number;
}

/** What is read of an answer. */
export interface FetchedBody {
  readonly bytes: Buffer;
  /** The media type that it was sent with, if any. */
  readonly contentType: string | undefined;
}

/** Why there is no answer; `wrong`: the function that stands in for `fetch` gave none. */
export type FetchProblem = "unreachable" | "redirected" | "status" | "oversize" | "wrong";

/** What is used of a `Response`. */
interface Response {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: { get?(name: string): unknown } | null | undefined;
  readonly redirected?: unknown;
  readonly url?: unknown;
}

/** No answer, or another one than was hoped for. */
export class FetchFailure extends Error {
  override readonly name: string = "FetchFailure";
  readonly problem: FetchProblem;
  /** With the problem `status`. */
  readonly status: number | undefined;

  constructor(problem: FetchProblem, message: string, details: ErrorOptions & { status?: number }) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.problem = problem;
    this.status = details.status;
  }
}

/**
 * Reads the body of an answer: status 200 only, no redirects (a redirect would lead to a host that nobody configured),
 * read no further than `maxSize`, and no longer than the signal allows.
 *
 * @param send - Calls `fetch`, or the function of the app that stands in for it.
 * @throws {@link FetchFailure}, or the reason of the signal, and nothing else.
 */
export async function fetchBody(
  url: string,
  send: () => unknown,
  bounds: BodyBounds,
): Promise<FetchedBody> {
  const { signal } = bounds;
  try {
    const answer = send();
    if (!isThenable(answer)) throw noResponse("no promise");
    const response = asResponse(await beforeAbort(answer, signal));
    if (isRedirected(response, url)) {
      throw new FetchFailure("redirected", `${url} was redirected`, {});
    }
    const { status } = response;
    if (status !== 200) {
      discard(response.body);
      throw new FetchFailure("status", `${url} answered ${status}`, { status });
    }
    const contentType = response.headers?.get?.("content-type");
    const bytes = await readBody(response.body, url, bounds);
    return { bytes, contentType: typeof contentType === "string" ? contentType : undefined };
  } catch (error) {
    if (isInstance(error, FetchFailure) || (signal.aborted && error === signal.reason)) throw error;
    throw new FetchFailure("unreachable", `${url} cannot be reached`, { cause: error });
  }
}

function asResponse(answer: unknown): Response {
  const response = answer as Response | null | undefined;
  if (typeof response === "object" && typeof response?.status === "number") return response;
  throw noResponse("no response with a status");
}

/** A function of the app may follow redirects although it was told not to. */
function isRedirected({ redirected, url }: Response, asked: string): boolean {
  if (redirected === true) return true;
  if (typeof url !== "string" || url === "") return false;
  return !URL.canParse(url) || new URL(url).href !== new URL(asked).href;
}

async function readBody(body: unknown, url: string, bounds: BodyBounds): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator = iteratorOf(body);
  try {
    for (;;) {
      const next = await beforeAbort(iterator.next(), bounds.signal);
      if (next.done === true) return Buffer.concat(chunks);
      const chunk = bytesOf(next.value);
      size += chunk.length;
      if (size > bounds.maxSize) {
        throw new FetchFailure("oversize", `${url} sent over ${bounds.maxSize} bytes`, {});
      }
      chunks.push(chunk);
    }
  } catch (error) {
    // Frees the connection. Nobody waits for it: a stream of the app may never end.
    void release(iterator);
    throw error;
  }
}

function iteratorOf(body: unknown): AsyncIterator<unknown> {
  const stream = (body ?? emptyBody()) as Partial<AsyncIterable<unknown>>;
  if (typeof stream[Symbol.asyncIterator] !== "function") throw noResponse("no stream as body");
  return (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}

async function* emptyBody(): AsyncGenerator<never> {}

function bytesOf(chunk: unknown): Buffer {
  if (isUint8Array(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (typeof chunk === "string") return Buffer.from(chunk);
  throw noResponse("a body that is no bytes");
}

/** Frees the connection of an answer that nobody reads. */
function discard(body: unknown): void {
  try {
    void release(iteratorOf(body));
  } catch {
    // There is nothing to free.
  }
}

async function release(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await promiseOf(iterator.return?.());
  } catch {
    // It is of no use any more.
  }
}

/** `message` ends the sentence "fetch must return a Response, got". */
function noResponse(got: string): FetchFailure {
  return new FetchFailure("wrong", got, {});
}
