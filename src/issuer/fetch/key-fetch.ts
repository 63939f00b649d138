/** What a {@link KeyFetch} is asked for. It is what the global `fetch` takes. */
export interface KeyFetchRequest {
  readonly method: "GET";
  readonly headers: Record<string, string>;
  /** Aborted when the deadline is over. */
  readonly signal: AbortSignal;
  /** Redirects are failures: they lead to hosts that nobody configured. */
  readonly redirect: "error";
}

/** What a {@link KeyFetch} answers with. The `Response` of every `fetch` is one. */
export interface KeyFetchResponse {
  readonly status: number;
  /** A stream: anything that `for await` reads as bytes or strings; `null` for none. */
  readonly body: unknown;
  readonly redirected?: boolean | undefined;
  readonly url?: string | undefined;
}

/** Fetches metadata and keys in place of the global `fetch`. */
export type KeyFetch = (url: string, request: KeyFetchRequest) => PromiseLike<KeyFetchResponse>;
