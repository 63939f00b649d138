import { cookieFaults } from "../../../secure-headers/cookies/cookie-faults.js";
import { parseSetCookie } from "../../../secure-headers/cookies/set-cookie.js";
import { type Answer, fieldOf, membersOf, nameOf } from "../client/answer.js";
import type { ScanNotes } from "../report/scan-notes.js";
import { everyAnswer, type Samples } from "./sample-answers.js";
import type { ScanContext } from "./scan-context.js";

const MAX_COOKIES = 50;
/**
 * A member of a list or dictionary of RFC 9651, with parameters; of each draft of RateLimit. No two alternatives match the
 * same text: in the repetition, a server could make it backtrack without end.
 */
const MEMBER =
  /^(?:"[\x20\x21\x23-\x7e]*"|[a-z*][\w.*-]*=\d+|\d+)(?: *; *[a-z*][\w.*-]*(?:=(?:"[\x20\x21\x23-\x7e]*"|:[\w+/=]*:|[\w*.-]+))?)*$/i;

/** Looks at what goes with the status of an answer, and at fields about limits. */
export function checkAnswers(samples: Samples, notes: ScanNotes): void {
  for (const answer of everyAnswer(samples)) {
    const at = nameOf(answer.request);
    const { status, fields } = answer;
    if (status === 401 && !fields.has("www-authenticate")) {
      notes.found("challenge-missing", at, "status 401");
    }
    if (status === 405 && !fields.has("allow")) notes.found("allow-missing", at, "status 405");
    if (status === 429 && !fields.has("retry-after")) {
      notes.found("retry-after-missing", at, "status 429");
    }
    for (const [name, value] of limitFields(answer)) {
      if (!isReadable(name, value)) notes.found("rate-limit-syntax", at, `${name}: ${value}`);
    }
  }
}

function limitFields(answer: Answer): readonly (readonly [string, string])[] {
  return [...answer.fields]
    .filter(([name]) => /^(?:retry-after|(?:x-)?ratelimit(?:-|$))/.test(name))
    .map(([name, values]) => [name, values.join(", ")]);
}

function isReadable(name: string, value: string): boolean {
  if (value.length > 2000) return false;
  if (name === "retry-after") return /^\d+$/.test(value) || !Number.isNaN(Date.parse(value));
  // Everybody has their own form of these; what no number gave is wrong in all of them.
  if (name.startsWith("x-")) return /\d/.test(value) && !/NaN|Infinity|undefined/.test(value);
  return splitList(value).every((member) => MEMBER.test(member));
}

/** At commas outside of strings. */
function splitList(value: string): readonly string[] {
  return (value.match(/(?:"[^"]*"|[^",])+/g) ?? []).map((member) => member.trim());
}

/** Looks at the cookies of all answers. */
export function checkCookies({ target, notes }: ScanContext, samples: Samples): void {
  const overTls = target.protocol === "https:";
  for (const answer of everyAnswer(samples)) {
    const at = nameOf(answer.request);
    for (const text of (answer.fields.get("set-cookie") ?? []).slice(0, MAX_COOKIES)) {
      const cookie = parseSetCookie(text);
      const { missing, wrong } = cookieFaults(cookie, overTls);
      const seen = `${cookie.name} without `;
      if (/^__(?:host|secure)-/i.test(cookie.name)) {
        const lacking = [...missing.filter((name) => name === "Secure"), ...wrong];
        if (lacking.length > 0) notes.found("cookie-prefix", at, seen + lacking.join(", "));
      } else if (missing.includes("Secure")) notes.found("cookie-secure", at, `${seen}Secure`);
      if (missing.includes("HttpOnly")) notes.found("cookie-http-only", at, `${seen}HttpOnly`);
      if (missing.some((name) => name.startsWith("SameSite"))) {
        notes.found("cookie-same-site", at, `${seen}SameSite`);
      }
    }
  }
}

/** Looks at who may keep answers to requests with credentials. */
export function checkCaching({ notes, hasCredentials }: ScanContext, samples: Samples): void {
  if (!hasCredentials) {
    notes.skipped("caching", "answers to requests with credentials need --header-file");
    return;
  }
  for (const answer of samples.authorised) {
    const at = nameOf(answer.request);
    if (answer.status === 401 || answer.status === 403 || answer.status >= 429) {
      notes.unchecked("caching", `${at} with credentials was answered ${answer.status}`);
      continue;
    }
    const open = samples.pages.find(({ request }) => request.path === answer.request.path);
    // What everybody gets may be kept by everybody.
    if (answer.status >= 300 || open?.status === answer.status) continue;
    const members = membersOf(answer, "cache-control").map((member) => member.split("=")[0]);
    const seen = fieldOf(answer, "cache-control") ?? "no Cache-Control";
    if (members.some((member) => member === "no-store" || member === "private")) continue;
    if (members.some((member) => member === "public" || member === "s-maxage")) {
      notes.found("private-shared", at, seen);
    } else if (!members.includes("no-cache")) notes.found("private-kept", at, seen);
  }
}
