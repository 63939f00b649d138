import { setTimeout as wait } from "node:timers/promises";
import { type Answer, fieldOf, type NoAnswer, type ProbeRequest } from "./answer.js";
import { exchange } from "./exchange.js";
import type { ScanTarget } from "./scan-target.js";

/** Bounds of a whole scan. */
export const MAX_REQUESTS = 60;
const SCAN_MS = 120_000;
const REQUEST_MS = 10_000;
/** A limit that has room again so soon is waited for. */
const MAX_WAIT_SECONDS = 10;
const MAX_WAITS = 10;

/** Sends the requests of a scan, one after the other, within its bounds. */
export interface ProbeClient {
  /** How many requests were sent, those before this client included. */
  readonly sent: number;
  /** Resolves always, with the reason when there is no answer. */
  send(request: ProbeRequest): Promise<Answer | NoAnswer>;
}

/**
 * A client for one API. The credentials go nowhere but to its origin, and never readable by others.
 *
 * @param before - How many requests of the scan were sent before.
 */
export function createProbeClient(
  target: ScanTarget,
  credentials: Readonly<Record<string, string>>,
  before = 0,
): ProbeClient {
  const end = Date.now() + SCAN_MS;
  let sent = before;
  let waits = 0;

  async function sendOnce(request: ProbeRequest): Promise<Answer | NoAnswer> {
    const left = end - Date.now();
    if (sent >= MAX_REQUESTS) return failed(`the scan has sent ${MAX_REQUESTS} requests`);
    if (left <= 0) return failed(`the scan took more than ${SCAN_MS / 1000} seconds`);
    const isSecret = request.withCredentials === true;
    const { protocol, port } = request.at ?? target;
    if (isSecret && (request.at !== undefined || !(target.isLocal || protocol === "https:"))) {
      return failed("credentials are not sent over plain HTTP to another machine");
    }
    sent += 1;
    return exchange(request, {
      protocol,
      port,
      hostname: target.hostname,
      headers: {
        Accept: "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "express-secure-api-scan",
        ...request.headers,
        ...(isSecret ? credentials : {}),
      },
      timeoutMs: Math.min(REQUEST_MS, left),
      trustedOnly: isSecret && !target.isLocal,
    });
  }

  return {
    get sent() {
      return sent;
    },
    async send(request) {
      for (;;) {
        const answer = await sendOnce(request);
        const seconds = "failed" in answer ? undefined : secondsToWait(answer);
        if (seconds === undefined || waits >= MAX_WAITS) return answer;
        if (Date.now() + seconds * 1000 >= end || sent >= MAX_REQUESTS) return answer;
        waits += 1;
        await wait(seconds * 1000);
      }
    },
  };
}

function secondsToWait(answer: Answer): number | undefined {
  if (answer.status !== 429) return undefined;
  const written = fieldOf(answer, "retry-after") ?? "";
  const seconds = /^\d{1,5}$/.test(written) ? Number(written) : MAX_WAIT_SECONDS + 1;
  return seconds <= MAX_WAIT_SECONDS ? seconds : undefined;
}

function failed(reason: string): NoAnswer {
  return { failed: reason, closed: false };
}
