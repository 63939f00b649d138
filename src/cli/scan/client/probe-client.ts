import { setTimeout as wait } from "node:timers/promises";
import { type Answer, fieldOf, type NoAnswer, type ProbeRequest } from "./answer.js";
import { exchange } from "./exchange.js";
import { hideSecrets } from "./hide-secrets.js";
import type { ScanTarget } from "./scan-target.js";

/** Bounds of a whole scan. */
export const MAX_REQUESTS = 60;
const SCAN_MS = 120_000;
const REQUEST_MS = 10_000;
/** A limit that has room again so soon is waited for. */
const MAX_WAIT_SECONDS = 10;
const MAX_WAITS = 10;

/** What is sent with requests that need credentials. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** What must not stand in any report, the longest first. */
  readonly secrets: readonly string[];
}

/** Sends the requests of a scan, one after the other, within its bounds. */
export interface ProbeClient {
  /** How many requests were sent. */
  readonly sent: number;
  /** Resolves always, with the reason when there is no answer. */
  send(request: ProbeRequest): Promise<Answer | NoAnswer>;
}

/**
 * A client for one API. The credentials go nowhere but to its origin, and never readable by others; no answer that it
 * gives holds them.
 */
export function createProbeClient(target: ScanTarget, credentials: Credentials): ProbeClient {
  const end = Date.now() + SCAN_MS;
  const hide = hideSecrets(credentials.secrets);
  let sent = 0;
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
    const answer = await exchange(request, {
      protocol,
      port,
      hostname: target.hostname,
      headers: {
        Accept: "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "express-secure-api-scan",
        ...request.headers,
        ...(isSecret ? credentials.headers : {}),
      },
      timeoutMs: Math.min(REQUEST_MS, left),
      trustedOnly: isSecret && !target.isLocal,
      localOnly: target.isLocal,
    });
    return "failed" in answer ? answer : withoutSecrets(answer, hide);
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

/** Before anything looks at it: whoever cuts a text could cut a secret, and show a part of it. */
function withoutSecrets(answer: Answer, hide: (text: string) => string): Answer {
  const fields = [...answer.fields].map(([name, values]) => [name, values.map(hide)] as const);
  return { ...answer, fields: new Map(fields), body: hide(answer.body) };
}

function secondsToWait(answer: Answer): number | undefined {
  if (answer.status !== 429) return undefined;
  const written = fieldOf(answer, "retry-after") ?? "";
  // A number of seconds, or a date (RFC 9110 §10.2.3); what is neither compares with nothing.
  const seconds = /^\d{1,5}$/.test(written)
    ? Number(written)
    : Math.max(0, Math.ceil((Date.parse(written) - Date.now()) / 1000));
  return seconds <= MAX_WAIT_SECONDS ? seconds : undefined;
}

function failed(reason: string): NoAnswer {
  return { failed: reason, closed: false };
}
