import type { Request } from "express";
import type { RequestFacts } from "../facts/request-facts.js";
import type { Attributes } from "./audit-metrics.js";
import { OTHER } from "./label-counts.js";

/** Records one duration, in seconds, of requests that are alike. */
export type RecordSeconds = (seconds: number) => void;

/** How many kinds of requests are told apart; then routes are not any more, and, after as many, nothing is. */
const MAX_KINDS = 1000;
/** RFC 9110 §9, RFC 5789 and QUERY. Anybody can send any other. */
const METHODS: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "QUERY",
];
const VERSIONS: ReadonlyMap<string, string> = new Map([
  ["1.0", "1.0"],
  ["1.1", "1.1"],
  ["2.0", "2"],
]);

/** Says how long each request took, by method, route, status, scheme, version of HTTP and type of error. */
export class RequestDurations {
  readonly #bind: (attributes: Attributes) => RecordSeconds;
  readonly #known = new Map<string | undefined, Map<string, RecordSeconds>>();
  #kinds = 0;

  /** @param bind - Makes what records the durations of requests with these attributes. Asked once for each kind. */
  constructor(bind: (attributes: Attributes) => RecordSeconds) {
    this.#bind = bind;
  }

  observe(facts: RequestFacts): void {
    const { entry, verdict, req, route } = facts;
    const seconds =
      Math.max(0, (entry.ended?.tick ?? performance.now()) - entry.startedTick) / 1000;
    const method = METHODS.includes(entry.method) ? entry.method : OTHER;
    const scheme = schemeOf(req);
    // Only what has a status was answered; of that, only the server's faults are errors of the server.
    const errorType = errorTypeOf(facts);
    const version = VERSIONS.get(req.httpVersion);
    const key = `${method} ${verdict.status} ${scheme} ${version} ${errorType}`;
    const known = this.#known.get(route)?.get(key);
    if (known !== undefined) {
      known(seconds);
      return;
    }
    const attributes = {
      "http.request.method": method,
      "url.scheme": scheme,
      ...optional("http.response.status_code", verdict.status),
      ...optional("network.protocol.version", version),
      ...optional("error.type", errorType),
    };
    this.#recorderOf(route, key, attributes)(seconds);
  }

  #recorderOf(route: string | undefined, key: string, attributes: Attributes): RecordSeconds {
    if (this.#kinds < MAX_KINDS)
      return this.#keep(route, key, { ...attributes, ...optional("http.route", route) });
    const others = this.#known.get(OTHER)?.get(key);
    if (others !== undefined) return others;
    if (this.#kinds < 2 * MAX_KINDS)
      return this.#keep(OTHER, key, { ...attributes, "http.route": OTHER });
    const rest = { "http.request.method": OTHER, "http.route": OTHER, "url.scheme": OTHER };
    return this.#known.get(OTHER)?.get("") ?? this.#keep(OTHER, "", rest);
  }

  #keep(route: string | undefined, key: string, attributes: Attributes): RecordSeconds {
    const record = this.#bind(Object.freeze(attributes));
    this.#kinds += 1;
    const kinds = this.#known.get(route) ?? new Map<string, RecordSeconds>();
    this.#known.set(route, kinds.set(key, record));
    return record;
  }
}

/** The scheme that the client used, as far as `trust proxy` of the app lets a proxy say so. */
function schemeOf(req: Request): "http" | "https" {
  try {
    return req.protocol === "https" ? "https" : "http";
  } catch {
    // A `trust proxy` function, or a connection of HTTP/2 that is gone.
    return "http";
  }
}

/** Of what the server did not do, and of answers that were cut off. */
function errorTypeOf({ verdict }: RequestFacts): string | undefined {
  const { status, aborted, refusal, errorType } = verdict;
  if (status !== undefined && status >= 500) return refusal?.code ?? errorType ?? String(status);
  return aborted ? "connection_closed" : undefined;
}

function optional(name: string, value: string | number | undefined): Attributes {
  return value === undefined ? {} : { [name]: value };
}
