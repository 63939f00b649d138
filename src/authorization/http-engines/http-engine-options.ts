import { createCall } from "../../core/calls/create-call.js";
import { wrongReturn } from "../../core/calls/user-function.js";
import { isToken } from "../../core/http/header-values.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { describeValue, isPlainObject, unsetFault } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import { httpHostFault, parseSecureUrl } from "../../issuer/fetch/secure-url.js";
import { readEngineName } from "../policy-engines/policy-engine.js";
import type { BreakerSettings } from "./circuit-breaker.js";

/** What a {@link PolicyFetch} is asked for. It is what the global `fetch` takes. */
export interface PolicyFetchRequest {
  readonly method: "POST";
  readonly headers: Record<string, string>;
  readonly body: string;
  /** Aborted when the deadline is over or the client has left. */
  readonly signal: AbortSignal;
  /** Redirects are failures: they lead to hosts that nobody configured. */
  readonly redirect: "error";
}

/** What a {@link PolicyFetch} answers with. The `Response` of every `fetch` is one. */
export interface PolicyFetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** A stream: anything that `for await` reads as bytes or strings; `null` for none. */
  readonly body: unknown;
  readonly redirected?: boolean | undefined;
  readonly url?: string | undefined;
}

/** Asks a policy engine in place of the global `fetch`. */
export type PolicyFetch = (
  url: string,
  request: PolicyFetchRequest,
) => PromiseLike<PolicyFetchResponse>;

/** When an engine that fails is left alone for a while. */
export interface BreakerOptions {
  /**
   * So many failures in a row, from 1 to 1000: no connection, no answer in time, 429, 502, 503
   * and such. Not 500, which a client may be able to provoke, and not while it answers other questions. @default 5
   */
  readonly failures?: number | undefined;
  /** How long it is left alone; then one request tries it. From `"100ms"` to `"5m"`. @default "5s" */
  readonly pause?: string | undefined;
}

/** Options of the engines that are asked over HTTP. */
export interface HttpEngineOptions {
  /**
   * The address of the engine: `https:`, or `http:` on exactly `localhost`, 127.0.0.0/8 or `[::1]`. Without user
   * information, query and fragment.
   */
  readonly url: string;
  /** The name in decisions and in the route audit. Without it, that of the factory. */
  readonly name?: string | undefined;
  /** Deadline for connection, headers and body together, from `"10ms"` to `"4s"`; then 503. @default "250ms" */
  readonly timeout?: string | undefined;
  /**
   * Sent as `Authorization: Bearer`; or a function that gives it for each question, at once or later, because tokens
   * expire. Its time does not count towards `timeout`. @default none
   */
  readonly token?: string | (() => string | PromiseLike<string>) | undefined;
  /** Further fields, such as an API key: `{ "X-Api-Key": key }`. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Asks in place of the global `fetch`: with a dispatcher for a private CA, for example. @default the global `fetch` */
  readonly fetch?: PolicyFetch | undefined;
  /** When the engine is left alone after failures. @default 5 failures, "5s" */
  readonly breaker?: BreakerOptions | undefined;
  /**
   * Hosts, with their port, that may be asked without TLS: `"opa:8181"`. Whoever can read or change this traffic decides
   * who may do what: only for engines inside a network that you trust, such as that of a pod. @default none
   */
  readonly dangerouslyAllowHttp?: string | readonly string[] | undefined;
}

/** Names of {@link HttpEngineOptions}. */
export const HTTP_ENGINE_KEYS: OptionKeys<HttpEngineOptions> = {
  url: "neverUndefined",
  name: true,
  timeout: true,
  token: "neverUndefined",
  headers: "neverUndefined",
  fetch: "neverUndefined",
  breaker: true,
  dangerouslyAllowHttp: "neverUndefined",
};

/** What other packages call the options. */
export const HTTP_ENGINE_HINTS: Hints<HttpEngineOptions> = {
  endpoint: "url",
  baseUrl: "url",
  baseURL: "url",
  timeoutMs: 'write timeout: "250ms"',
  apiToken: "token",
  bearerToken: "token",
};

const BREAKER_KEYS: OptionKeys<BreakerOptions> = { failures: true, pause: true };
/** What else the options of the breaker are called. */
export const BREAKER_HINTS: Hints<BreakerOptions> = {
  threshold: "failures",
  resetTimeout: "pause",
};

/** Fields that the engine itself writes, or that belong to the connection. */
const OWN_FIELDS: readonly string[] = [
  "accept",
  "connection",
  "content-length",
  "content-type",
  "host",
  "transfer-encoding",
  "x-request-id",
];
const TOKEN = /^[\x21-\x7e]+$/;

/** {@link HttpEngineOptions}, checked. */
export interface HttpEngineSettings {
  readonly url: URL | undefined;
  readonly name: string;
  readonly timeout: number;
  readonly token: (() => string | Promise<string>) | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: PolicyFetch | undefined;
  readonly breaker: BreakerSettings;
}

type EngineReader = OptionsReader<keyof HttpEngineOptions>;

/** Reads {@link HttpEngineOptions}. */
export function readHttpEngine(reader: EngineReader, factory: string): HttpEngineSettings {
  const httpHosts = reader.strings("dangerouslyAllowHttp", { check: httpHostFault }) ?? [];
  const breaker =
    reader.object<BreakerOptions>("breaker", BREAKER_KEYS, BREAKER_HINTS) ??
    reader.nested<BreakerOptions>("breaker", {}, BREAKER_KEYS);
  const headers = readHeaders(reader);
  const token = readToken(reader, `${factory}.token`);
  if (token !== undefined && Object.hasOwn(headers, "authorization")) {
    reader.note("token", "must be left out beside headers.Authorization: write one of them");
  }
  return {
    url: readUrl(reader, httpHosts),
    name: readEngineName(reader, factory),
    timeout: reader.duration("timeout", { default: "250ms", min: "10ms", max: "4s" }),
    token,
    headers,
    fetch: reader.function<PolicyFetch>("fetch"),
    breaker: {
      failures: breaker.integer("failures", { default: 5, min: 1, max: 1000 }),
      pause: breaker.duration("pause", { default: "5s", min: "100ms", max: "5m" }),
    },
  };
}

function readUrl(reader: EngineReader, httpHosts: readonly string[]): URL | undefined {
  const text = reader.string("url", { required: true });
  if (text === undefined || text === "") return undefined;
  const fault = unsetFault(text);
  if (fault !== undefined) {
    reader.note("url", fault);
    return undefined;
  }
  const url = parseSecureUrl(text, httpHosts);
  if (isRefused(url)) {
    reader.problem("url", url.refused);
    return undefined;
  }
  if (/[?#]/.test(text)) reader.problem("url", "a URL without query and fragment");
  return url;
}

function readToken(
  reader: EngineReader,
  option: string,
): (() => string | Promise<string>) | undefined {
  const given = reader.raw("token");
  if (typeof given === "function") {
    return createCall<string>(given as () => unknown, {
      option,
      parse(value) {
        if (typeof value === "string" && TOKEN.test(value)) return value;
        throw wrongReturn(option, "a token, without white space", value);
      },
    });
  }
  const token = reader.string("token");
  if (token === undefined) return undefined;
  if (!TOKEN.test(token))
    reader.problem("token", "of printable ASCII characters, without white space");
  return () => token;
}

/** Own members, with names in lower case: of two spellings of one name, one would win. */
function readHeaders(reader: EngineReader): Readonly<Record<string, string>> {
  const given = reader.raw("headers");
  const headers: Record<string, string> = Object.create(null);
  if (given === undefined) return headers;
  if (!isPlainObject(given)) {
    reader.problem("headers", "an object of header fields");
    return headers;
  }
  for (const [index, [name, value]] of Object.entries(given).entries()) {
    // By its place: a name may be a secret that stands where it should not.
    const { note } = reader.problems.item(`${reader.path}.headers[${index}]`, value);
    const field = name.toLowerCase();
    if (!isToken(name)) note("must be the name of a header field");
    else if (OWN_FIELDS.includes(field)) note("must be left out: the engine writes it itself");
    else if (Object.hasOwn(headers, field)) note("must not repeat an earlier entry");
    else if (typeof value !== "string" || !/^[\x20-\x7e]+$/.test(value)) {
      note(`must be a text of printable ASCII characters, got ${describeValue(value)}`);
    } else headers[field] = value;
  }
  return Object.freeze(headers);
}
