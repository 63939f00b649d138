import type { IncomingMessage } from "node:http";
import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";
import { lineOf } from "../../terminal/command-error.js";
import type { Answer, NoAnswer, ProbeRequest, TlsFacts } from "./answer.js";
import { localLookup } from "./local-lookup.js";

/** Where a request goes, and how long it may take. */
export interface Exchange {
  readonly protocol: "http:" | "https:";
  /** As `URL` spells it. */
  readonly hostname: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** No request is sent to a server whose certificate is not valid for it. */
  readonly trustedOnly: boolean;
  /** No request is sent to another machine, whatever the name is resolved to. */
  readonly localOnly?: boolean;
}

/** Bounds of an answer: a server may send without end. */
const MAX_BODY = 64 * 1024;
const MAX_FIELDS_BYTES = 32 * 1024;
/** What is there of a body after this time will do, as of a stream of events. */
const BODY_MS = 2000;

/**
 * Sends one request over a connection of its own, and reads the answer up to a bound. It follows no redirect, decodes no
 * compression and keeps nothing. It always resolves.
 */
export function exchange(request: ProbeRequest, to: Exchange): Promise<Answer | NoAnswer> {
  return new Promise((resolve) => {
    let sent: ClientRequest | undefined;
    let timer: NodeJS.Timeout | undefined;
    const end = (result: Answer | NoAnswer): void => {
      clearTimeout(timer);
      resolve(result);
      sent?.destroy();
    };
    const expire = (): void =>
      end({ failed: `no answer within ${Math.ceil(to.timeoutMs / 1000)} seconds`, closed: false });
    timer = setTimeout(expire, to.timeoutMs);
    try {
      sent = open(request, to);
    } catch (error) {
      return end({ failed: lineOf(error), closed: false });
    }
    sent.on("error", (error) => end({ failed: failureOf(error), closed: isClosed(error) }));
    // Without a listener, a switch of protocols is an error that names no reason.
    sent.on("upgrade", (response) => end(answerOf(request, response, [])));
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (): void => end(answerOf(request, response, chunks));
      const finishLate = (): void => {
        const answer = answerOf(request, response, chunks);
        end(size === 0 ? { ...answer, unread: "none came in time" } : answer);
      };
      clearTimeout(timer);
      timer = setTimeout(finishLate, Math.min(BODY_MS, to.timeoutMs));
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size >= MAX_BODY) finish();
      });
      response.on("error", finish);
      response.on("close", finish);
      response.on("end", finish);
    });
    sent.end(request.body);
  });
}

function open(request: ProbeRequest, to: Exchange): ClientRequest {
  const options = {
    // Brackets are for URLs.
    host: to.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: to.port,
    method: request.method,
    path: request.path,
    headers: to.headers,
    maxHeaderSize: MAX_FIELDS_BYTES,
    insecureHTTPParser: false,
    ...(to.localOnly === true ? { lookup: localLookup() } : {}),
  };
  if (to.protocol === "http:") return httpRequest({ ...options, agent: new HttpAgent() });
  return httpsRequest({
    ...options,
    agent: new HttpsAgent({ maxCachedSessions: 0 }),
    // A certificate that is not valid is a finding.
    rejectUnauthorized: to.trustedOnly,
  });
}

function answerOf(
  request: ProbeRequest,
  response: IncomingMessage,
  chunks: readonly Buffer[],
): Answer {
  const fields = new Map<string, string[]>();
  for (let index = 0; index + 1 < response.rawHeaders.length; index += 2) {
    const name = response.rawHeaders[index]?.toLowerCase() ?? "";
    const value = response.rawHeaders[index + 1] ?? "";
    const held = fields.get(name);
    if (held === undefined) fields.set(name, [value]);
    else held.push(value);
  }
  const coding = fields.get("content-encoding")?.join(", ") ?? "identity";
  return {
    request,
    status: response.statusCode ?? 0,
    fields,
    ...(/^identity$/i.test(coding) || chunks.length === 0
      ? {}
      : { unread: `it has the coding ${coding}, which was not asked for` }),
    body: Buffer.concat(chunks).subarray(0, MAX_BODY).toString("utf8"),
    tls: tlsFactsOf(response),
  };
}

function tlsFactsOf({ socket }: IncomingMessage): TlsFacts | undefined {
  const { encrypted } = socket as { readonly encrypted?: boolean };
  if (encrypted !== true) return undefined;
  const { authorized, authorizationError, ...tls } = {
    authorized: (socket as TLSSocket).authorized,
    authorizationError: (socket as TLSSocket).authorizationError as unknown,
    version: (socket as TLSSocket).getProtocol() ?? "unknown",
    validTo: (socket as TLSSocket).getPeerCertificate()?.valid_to,
  };
  const validTo = new Date(String(tls.validTo));
  return {
    version: tls.version,
    distrust: authorized ? undefined : String(authorizationError),
    validTo: Number.isNaN(validTo.getTime()) ? undefined : validTo,
  };
}

function failureOf(error: unknown): string {
  return isClosed(error) ? `the connection was closed (${codeOf(error)})` : lineOf(error);
}

function isClosed(error: unknown): boolean {
  return ["ECONNRESET", "ECONNREFUSED", "EPIPE"].includes(codeOf(error));
}

/** That of the first attempt, when a name has several addresses. */
function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code ?? "");
}
