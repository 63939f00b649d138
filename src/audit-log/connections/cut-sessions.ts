interface Stream {
  readonly session?: { readonly destroyed?: boolean } | undefined;
  readonly aborted?: boolean;
  once(event: "close", listener: () => void): unknown;
}

/**
 * Which sessions of HTTP/2 have ended within requests. Node closes their streams first, and tells of the session after
 * that. HTTP/1 needs none of it: there, the connection has the answer that is under way.
 */
export class CutSessions {
  readonly #sessions = new WeakSet<object>();

  /** @param given - What a server emits as `stream`. */
  watch(given: unknown): void {
    const stream = given as Stream;
    const { session } = stream;
    if (session === undefined) return;
    stream.once("close", () => {
      if (stream.aborted === true && session.destroyed === true) this.#sessions.add(session);
    });
  }

  has(session: object): boolean {
    return this.#sessions.has(session);
  }
}
