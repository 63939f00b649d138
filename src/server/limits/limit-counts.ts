/** How often each limit has taken effect. */
export interface LimitCounts {
  /** Requests that are no HTTP, answered 400. */
  malformed: number;
  /** Heads of requests over `maxHeaderSize`, answered 431. */
  tooLarge: number;
  /** Requests whose head or body took too long, answered 408. */
  slowRequests: number;
  /** Answers that the client did not read. */
  slowReaders: number;
  /** Idle connections that were closed to make room. */
  evicted: number;
  /** Connections over `maxConnections`, closed unanswered. */
  refused: number;
}

export function createCounts(): LimitCounts {
  return { malformed: 0, tooLarge: 0, slowRequests: 0, slowReaders: 0, evicted: 0, refused: 0 };
}
