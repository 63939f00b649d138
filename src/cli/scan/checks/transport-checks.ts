import { isIP } from "node:net";
import { isLocalName } from "../../../core/http/origins/loopback.js";
import type { TlsFinding } from "../../../server/tls-audit/find-faults.js";
import { lineOf } from "../../terminal/command-error.js";
import { type Answer, fieldOf, isRedirect, nameOf } from "../client/answer.js";
import type { ScanRuleName } from "../rules/scan-rules.js";
import { everyAnswer, LARGE, type Samples } from "./sample-answers.js";
import type { ScanContext } from "./scan-context.js";

const HALF_A_YEAR_SECONDS = 15_768_000;
const TWO_WEEKS_MS = 14 * 24 * 60 * 60 * 1000;
/** What the findings of the audit are here. Whether the certificate is valid, the first answer has shown. */
const TLS_RULES: Readonly<Record<TlsFinding["code"], ScanRuleName | "unchecked" | "elsewhere">> = {
  "no-tls": "unchecked",
  unanswered: "unchecked",
  "no-forward-secrecy": "tls-no-forward-secrecy",
  "old-version": "tls-weak-version",
  "no-tls13": "tls-no-newest",
  "weak-suite": "tls-weak-suite",
  "weak-group": "tls-weak-suite",
  "certificate-fault": "certificate-invalid",
  "certificate-name": "elsewhere",
  "certificate-untrusted": "elsewhere",
};

/** Looks at what somebody on the way could read or change. */
export async function checkTransport(context: ScanContext, samples: Samples): Promise<void> {
  const { target, notes } = context;
  if (target.protocol === "http:") {
    if (target.isLocal) notes.skipped("transport", "the URL is plain HTTP on this machine");
    else notes.found("plain-http", nameOf(samples.main.request), target.origin);
    return;
  }
  checkHsts(context, samples);
  checkCertificate(context, samples.main);
  await checkPlainHttp(context, samples.main);
  await checkTls(context);
}

/** Browsers ignore it for addresses (RFC 6797 §8.1.1), and `localhost` has many apps. */
function checkHsts({ target, notes }: ScanContext, samples: Samples): void {
  const { hostname } = target;
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0 || isLocalName(hostname)) {
    notes.skipped("transport", "Strict-Transport-Security is nothing for this machine");
    return;
  }
  const answers = everyAnswer(samples);
  for (const answer of answers.filter(({ request }) => request.headers?.[LARGE] === undefined)) {
    const at = nameOf(answer.request);
    const value = answer.fields.get("strict-transport-security")?.[0];
    const seconds = Number(/max-age\s*=\s*"?(\d{1,15})/i.exec(value ?? "")?.[1] ?? Number.NaN);
    if (Number.isNaN(seconds)) notes.found("hsts-missing", at, value ?? "no field");
    else if (seconds < HALF_A_YEAR_SECONDS) notes.found("hsts-short", at, value ?? "");
  }
}

function checkCertificate({ target, notes }: ScanContext, { request, tls }: Answer): void {
  if (tls === undefined) return;
  const at = nameOf(request);
  const { distrust, validTo } = tls;
  const now = Date.now();
  const isExpired = validTo !== undefined && validTo.getTime() < now;
  if (distrust !== undefined) {
    const isUsual = target.isLocal && !isExpired;
    notes.found(isUsual ? "certificate-not-trusted" : "certificate-invalid", at, distrust);
  }
  if (validTo !== undefined && !isExpired && validTo.getTime() - now < TWO_WEEKS_MS) {
    notes.found("certificate-expires", at, `valid until ${validTo.toISOString()}`);
  }
}

/** Sends a credential that is none to see what becomes of one. */
async function checkPlainHttp(context: ScanContext, main: Answer): Promise<void> {
  const { target, client, notes, httpPort } = context;
  const port = httpPort ?? (target.port === 443 ? 80 : undefined);
  if (port === undefined) {
    notes.skipped("transport", "plain HTTP on a port of its own needs --http-port");
    return;
  }
  const { path } = main.request;
  const request = {
    method: "GET",
    path,
    headers: { Authorization: "Bearer scan.is-no.token" },
    at: { protocol: "http:", port },
  } as const;
  const answer = await client.send(request);
  // Nobody listens, or nobody gets an answer.
  if ("failed" in answer) return;
  const at = `${nameOf(request)} over plain HTTP`;
  if (isRedirect(answer.status)) {
    const location = fieldOf(answer, "location") ?? "";
    notes.found("http-redirects-credentials", at, `status ${answer.status} to ${location}`);
  } else if (answer.status < 300 || answer.status === 401) {
    notes.found("http-serves", at, `status ${answer.status}`);
  }
}

async function checkTls({ target, notes, auditTls }: ScanContext): Promise<void> {
  const { hostname, port } = target;
  try {
    const { findings } = await auditTls(hostname.replace(/^\[|\]$/g, ""), port);
    for (const { code, detail } of findings) {
      const rule = TLS_RULES[code];
      if (rule === "unchecked") notes.unchecked("tls", detail);
      else if (rule !== "elsewhere") notes.found(rule, "TLS", detail);
    }
  } catch (error) {
    notes.unchecked("tls", lineOf(error));
  }
}
