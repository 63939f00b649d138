import { isInstance } from "../../core/calls/is-instance.js";
import { isPlainObject } from "../../core/options/value.js";
import { type FetchedBody, FetchFailure, type FetchProblem, fetchBody } from "./fetch-body.js";
import type { KeyFetch } from "./key-fetch.js";
import { KeyOutage, type KeyOutageReason } from "./key-outage.js";

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

const REASONS: Readonly<Record<FetchProblem, KeyOutageReason>> = {
  unreachable: "keys_unreachable",
  redirected: "keys_unreachable",
  status: "keys_bad_answer",
  oversize: "keys_too_large",
  wrong: "key_function_failed",
};

/**
 * Fetches a JSON object: status 200 only, no redirects, read no further than `maxSize`.
 *
 * @throws {@link KeyOutage}, and nothing else.
 */
export async function fetchJson(
  url: string,
  limits: FetchLimits,
): Promise<Readonly<Record<string, unknown>>> {
  const { bytes } = await fetchKeyBody(url, limits);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // `value` stays undefined, which is no object either.
  }
  if (!isPlainObject(value)) throw new KeyOutage("keys_bad_answer", `${url} is no JSON object`);
  return value;
}

async function fetchKeyBody(url: string, limits: FetchLimits): Promise<FetchedBody> {
  const { signal } = limits;
  // The global one is looked up each time: tests and tracing replace it.
  const send = (): unknown =>
    (limits.fetch ?? fetch)(url, {
      method: "GET",
      signal,
      redirect: "error",
      headers: { Accept: "application/json, application/jwk-set+json" },
    });
  try {
    return await fetchBody(url, send, limits);
  } catch (error) {
    if (!isInstance(error, FetchFailure)) throw error;
    const { problem, message, cause } = error;
    const text =
      problem === "wrong" ? `keys.fetch must return a Response, got ${message}` : message;
    throw new KeyOutage(REASONS[problem], text, cause);
  }
}
