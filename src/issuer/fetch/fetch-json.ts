import { isPlainObject } from "../../core/options/value.js";
import { KeyOutage } from "./key-outage.js";

/** Bounds of one fetch. */
export interface FetchLimits {
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

async function fetchBody(url: string, { signal, maxSize }: FetchLimits): Promise<Buffer> {
  try {
    const response = await fetch(url, {
      signal,
      redirect: "error",
      headers: { Accept: "application/json, application/jwk-set+json" },
    });
    if (response.status !== 200) {
      throw new KeyOutage("keys_bad_answer", `${url} answered ${response.status}`);
    }
    return await readBody(response, url, maxSize);
  } catch (error) {
    if (error instanceof KeyOutage) throw error;
    throw new KeyOutage("keys_unreachable", `${url} cannot be reached`, error);
  }
}

async function readBody(response: Response, url: string, maxSize: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxSize) throw new KeyOutage("keys_too_large", `${url} sent over ${maxSize} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
