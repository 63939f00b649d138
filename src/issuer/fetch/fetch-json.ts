import { isUint8Array } from "node:util/types";
import { promiseOf } from "../../core/calls/follow.js";
import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable } from "../../core/calls/user-function.js";
import { isPlainObject } from "../../core/options/value.js";
import { beforeAbort } from "./before-abort.js";
import type { KeyFetch, KeyFetchResponse } from "./key-fetch.js";
import { KeyOutage } from "./key-outage.js";

/** By what means and in which bounds something is fetched. */
export interface FetchLimits {
  /** In place of the global `fetch`. */
  readonly fetch: KeyFetch | undefined;
  /** Hosts, with their port, that `http:` may be used with. */
  readonly httpHosts: readonly string[];
  /** Covers headers and body. Aborted with a {@link KeyOutage} as its reason. */
  readonly signal: AbortSignal;
  /** Most bytes of a body, after decompression. */
  readonly maxSize: number;
}

/**
 * Fetches a JSON object: status 200 only, no redirects (a redirect would lead to a host that nobody
 * configured), read no further than `maxSize`.
 *
 * @throws {@link KeyOutage}, and nothing else.
 */
export async function fetchJson(
  url: string,
  limits: FetchLimits,
): Promise<Readonly<Record<string, unknown>>> {
  const body = await fetchBody(url, limits);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    // `value` stays undefined, which is no object either.
  }
  if (!isPlainObject(value)) throw new KeyOutage("keys_bad_answer", `${url} is no JSON object`);
  return value;
}

async function fetchBody(url: string, limits: FetchLimits): Promise<Buffer> {
  const { signal } = limits;
  try {
    // The global one is looked up each time: tests and tracing replace it.
    const answer: unknown = (limits.fetch ?? fetch)(url, {
      method: "GET",
      signal,
      redirect: "error",
      headers: { Accept: "application/json, application/jwk-set+json" },
    });
    if (!isThenable(answer)) throw wrongAnswer("no promise");
    const response = asResponse(await beforeAbort(answer, signal));
    if (isRedirected(response, url)) {
      throw new KeyOutage("keys_unreachable", `${url} was redirected`);
    }
    const { status } = response;
    if (status !== 200) throw new KeyOutage("keys_bad_answer", `${url} answered ${status}`);
    return await readBody(response.body, url, limits);
  } catch (error) {
    if (isInstance(error, KeyOutage)) throw error;
    throw new KeyOutage("keys_unreachable", `${url} cannot be reached`, error);
  }
}

function asResponse(answer: unknown): KeyFetchResponse {
  const response = answer as KeyFetchResponse | null | undefined;
  if (typeof response === "object" && typeof response?.status === "number") return response;
  throw wrongAnswer("no response with a status");
}

/** A function of the app may follow redirects although it was told not to. */
function isRedirected({ redirected, url }: KeyFetchResponse, asked: string): boolean {
  if (redirected === true) return true;
  if (typeof url !== "string" || url === "") return false;
  return !URL.canParse(url) || new URL(url).href !== new URL(asked).href;
}

async function readBody(body: unknown, url: string, limits: FetchLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator = iteratorOf(body);
  try {
    for (;;) {
      const next = await beforeAbort(iterator.next(), limits.signal);
      if (next.done === true) return Buffer.concat(chunks);
      const chunk = bytesOf(next.value);
      size += chunk.length;
      if (size > limits.maxSize) {
        throw new KeyOutage("keys_too_large", `${url} sent over ${limits.maxSize} bytes`);
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
  if (typeof stream[Symbol.asyncIterator] !== "function") throw wrongAnswer("no stream as body");
  return (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}

async function* emptyBody(): AsyncGenerator<never> {}

function bytesOf(chunk: unknown): Buffer {
  if (isUint8Array(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (typeof chunk === "string") return Buffer.from(chunk);
  throw wrongAnswer("a body that is no bytes");
}

async function release(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await promiseOf(iterator.return?.());
  } catch {
    // It is of no use any more.
  }
}

function wrongAnswer(got: string): KeyOutage {
  return new KeyOutage("key_function_failed", `keys.fetch must return a Response, got ${got}`);
}
