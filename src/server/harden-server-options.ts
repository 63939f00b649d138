import type { LimitCounts } from "./limits/limit-counts.js";

/** Options of {@link hardenServer}. */
export interface HardenServerOptions {
  /**
   * How long the head of a request may take, from its first byte or the connection on. Later it is answered 408
   * `request_timeout`, up to 5 seconds after. It may be shorter than `keepAliveTimeout`: it does not run between
   * requests. @default "15s"
   */
  readonly headersTimeout?: string | undefined;
  /** How long a whole request may take, its body included. At least `headersTimeout`. @default "5m" */
  readonly requestTimeout?: string | undefined;
  /**
   * How long a connection may stay idle between requests. It has to be longer than that of the load balancer in front
   * (60 seconds for AWS ALB and nginx), which else sends requests on connections that are just being closed, and answers
   * them 502. @default "65s"
   */
  readonly keepAliveTimeout?: string | undefined;
  /** How large the head of a request may be, over HTTP/1. A larger one is answered 431. @default "16kb" */
  readonly maxHeaderSize?: string | undefined;
  /**
   * How many connections there may be at once. The next one is closed unanswered. From nine tenths on, each one that
   * comes closes the one that has been idle longest. @default 10,000
   */
  readonly maxConnections?: number | undefined;
  /**
   * How many requests one connection with HTTP/1 may send. The answer to the last one says `Connection: close`.
   * Without it there is no such limit.
   */
  readonly maxRequestsPerSocket?: number | undefined;
  /**
   * How long a client may send nothing of a body that it owes, which is answered 408, or take nothing of an answer,
   * which ends the connection. @default "30s"
   */
  readonly stallTimeout?: string | undefined;
  /**
   * How many bytes a client must send of its body, or take of an answer, each second, on average, after the first 20
   * seconds. `false` for any number. Over HTTP/1. @default "500b"
   */
  readonly minRate?: string | false | undefined;
  /**
   * Path patterns where `minRate` does not hold, such as `"POST /uploads/*"`, for uploads of clients whose line is slow.
   * `stallTimeout` holds there, and so does `requestTimeout`.
   */
  readonly slowAt?: string | readonly string[] | undefined;
}

/** What {@link hardenServer} has done so far. */
export interface ServerStats extends Readonly<LimitCounts> {
  /** Connections that are open. */
  readonly connections: number;
  /** Those without a request under way. */
  readonly idle: number;
  /** Requests that are not answered yet. */
  readonly requests: number;
}

/** A server with limits. */
export interface HardenedServer {
  /** What is under way, and how often each limit has taken effect since the limits were set. */
  stats(): ServerStats;
  /** Takes the limits away and gives the server the settings that it had. The server stays open. */
  close(): void;
}
