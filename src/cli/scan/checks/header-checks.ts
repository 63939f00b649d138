import { type Answer, fieldOf, hasContent, isPage, nameOf } from "../client/answer.js";
import type { ScanNotes } from "../report/scan-notes.js";
import { everyAnswer, LARGE, type Samples } from "./sample-answers.js";

type Policy = ReadonlyMap<string, readonly string[]>;

/** Fields of which browsers want exactly one. */
const SINGLE = [
  "access-control-allow-origin",
  "strict-transport-security",
  "x-content-type-options",
  "x-frame-options",
];
const SOFTWARE = ["x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator"];
/** Sources that let in any script; a nonce, a hash or 'strict-dynamic' takes their effect away. */
const ANY_SCRIPT = ["'unsafe-inline'", "*", "http:", "https:", "data:"];

/** Looks at the security headers of everything that has content. */
export function checkHeaders(samples: Samples, notes: ScanNotes): void {
  const answers = everyAnswer(samples);
  for (const answer of answers) checkSoftware(answer, notes);
  const shown = answers.filter((answer) => hasContent(answer) && !isLarge(answer));
  for (const answer of shown) {
    // An error page shows nothing that belongs to anybody.
    if (isPage(answer) && answer.status < 400) checkPage(answer, notes);
    else checkData(answer, notes);
    checkAny(answer, notes);
  }
  if (shown.length === 0) notes.unchecked("headers", "no answer had any content");
}

function isLarge({ request }: Answer): boolean {
  return request.headers?.[LARGE] !== undefined;
}

function checkPage(answer: Answer, notes: ScanNotes): void {
  const at = nameOf(answer.request);
  const policies = policiesOf(answer);
  if (policies.length === 0) notes.found("page-csp-missing", at, missingPolicy(answer));
  else if (policies.every(allowsAnyScript)) {
    notes.found("page-csp-unsafe", at, policies.map(scriptRule).join(", "));
  }
  if (mayBeFramed(answer, policies)) notes.found("page-framing", at, framingOf(answer));
  if (!answer.fields.has("referrer-policy")) notes.found("page-referrer", at, "no field");
  if (!answer.fields.has("permissions-policy")) notes.found("page-permissions", at, "no field");
}

function checkData(answer: Answer, notes: ScanNotes): void {
  const at = nameOf(answer.request);
  const policies = policiesOf(answer);
  if (policies.length === 0) notes.found("data-csp-missing", at, missingPolicy(answer));
  if (mayBeFramed(answer, policies)) notes.found("data-framing", at, framingOf(answer));
}

function checkAny(answer: Answer, notes: ScanNotes): void {
  const at = nameOf(answer.request);
  const sniff = fieldOf(answer, "x-content-type-options");
  if (sniff?.split(",")[0]?.trim().toLowerCase() !== "nosniff") {
    notes.found("nosniff-missing", at, sniff ?? "no field");
  }
  const referrer = fieldOf(answer, "referrer-policy") ?? "";
  // The last one that a browser knows counts.
  if (/unsafe-url\s*$/i.test(referrer)) notes.found("referrer-unsafe", at, referrer);
  // What every page may read needs no protection from being loaded.
  const isPublic = fieldOf(answer, "access-control-allow-origin") === "*";
  if (!isPublic && !answer.fields.has("cross-origin-resource-policy")) {
    notes.found("corp-missing", at, "no field");
  }
  for (const name of SINGLE) {
    const values = answer.fields.get(name) ?? [];
    if (values.length > 1) notes.found("header-twice", at, `${name}: ${values.join(" and ")}`);
  }
}

function checkSoftware(answer: Answer, notes: ScanNotes): void {
  const at = nameOf(answer.request);
  for (const name of SOFTWARE) {
    const value = fieldOf(answer, name);
    if (value !== undefined) notes.found("technology-named", at, `${name}: ${value}`);
  }
  const server = fieldOf(answer, "server") ?? "";
  if (/\d/.test(server)) notes.found("technology-named", at, `server: ${server}`);
}

/** One for each policy: several are sent as several fields, or with commas. */
function policiesOf({ fields }: Answer): readonly Policy[] {
  const texts = (fields.get("content-security-policy") ?? []).flatMap((text) => text.split(","));
  return texts.map(parsePolicy).filter((policy) => policy.size > 0);
}

/** Of a directive that stands twice, the first counts. @see https://www.w3.org/TR/CSP3/#parse-serialized-policy */
function parsePolicy(text: string): Policy {
  const policy = new Map<string, readonly string[]>();
  for (const part of text.split(";")) {
    const [name = "", ...sources] = part.trim().toLowerCase().split(/\s+/);
    if (name !== "" && !policy.has(name)) policy.set(name, sources);
  }
  return policy;
}

/** The first that stands in the policy says which scripts run. */
const OF_SCRIPTS = ["script-src-elem", "script-src", "default-src"] as const;

/** What the policy says of scripts. The whole of it is long, and would be cut off in front of that. */
function scriptRule(policy: Policy): string {
  const name = OF_SCRIPTS.find((one) => policy.has(one));
  return name === undefined
    ? "neither script-src nor default-src"
    : [name, ...(policy.get(name) ?? [])].join(" ");
}

function allowsAnyScript(policy: Policy): boolean {
  const sources = OF_SCRIPTS.map((one) => policy.get(one)).find((found) => found !== undefined);
  if (sources === undefined) return true;
  const open = sources.filter((source) => ANY_SCRIPT.includes(source));
  const isStrict = sources.some((source) => /^'(?:nonce-|sha(?:256|384|512)-)/.test(source));
  if (!isStrict) return open.length > 0;
  return !sources.includes("'strict-dynamic'") && open.some((one) => one !== "'unsafe-inline'");
}

function mayBeFramed(answer: Answer, policies: readonly Policy[]): boolean {
  const lists = policies.flatMap((policy) => {
    const sources = policy.get("frame-ancestors");
    return sources === undefined ? [] : [sources];
  });
  // Where there is a list, browsers ignore X-Frame-Options.
  if (lists.length > 0) return lists.every((sources) => sources.includes("*"));
  const frame = fieldOf(answer, "x-frame-options")?.trim() ?? "";
  return !/^(?:deny|sameorigin)$/i.test(frame);
}

function missingPolicy(answer: Answer): string {
  return answer.fields.has("content-security-policy-report-only")
    ? "only Content-Security-Policy-Report-Only, which stops nothing"
    : "no field";
}

function framingOf(answer: Answer): string {
  const frame = fieldOf(answer, "x-frame-options");
  return frame === undefined
    ? "neither frame-ancestors nor X-Frame-Options"
    : `x-frame-options: ${frame}`;
}
