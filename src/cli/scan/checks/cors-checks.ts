import { type Answer, fieldOf, membersOf, nameOf, type ProbeRequest } from "../client/answer.js";
import { type LookAlike, lookAlikesOf } from "./look-alikes.js";
import type { Samples } from "./sample-answers.js";
import type { ScanContext } from "./scan-context.js";

const ALLOWED = "access-control-allow-origin";
/** What the answer lets pages of an origin do. */
type Grant = "none" | "all" | "read" | "credentials";

/** Asks as pages of other origins would. What a browser would let them read is a finding. */
export async function checkCors(context: ScanContext, { main, pages }: Samples): Promise<void> {
  const { mark, notes, target } = context;
  const foreign = `https://${mark}.example`;
  const path = main.request.path;
  const { grant: granted, allowed } = await askOrigin(context, path, foreign);
  for (const page of pages.slice(1)) await askOrigin(context, page.request.path, foreign);
  await askNull(context, path, granted);
  await askPreflight(context, path, foreign);
  const listed =
    context.origin === undefined ? undefined : await checkListed(context, path, allowed);
  const base = listed === true ? (context.origin ?? target.origin) : target.origin;
  for (const one of lookAlikesOf(base, listed === true, mark)) {
    await askLookAlike(context, path, one, granted);
  }
  if (listed === undefined) {
    notes.skipped("cors", "origins that look like a listed one need --origin");
  }
}

/** Of one that nobody has listed: what it may do, and which origin the answer names. */
async function askOrigin(
  context: ScanContext,
  path: string,
  origin: string,
): Promise<{ readonly grant: Grant; readonly allowed: string | undefined }> {
  const answer = await ask(context, { method: "GET", path, headers: { Origin: origin } });
  if (answer === undefined) return { grant: "none", allowed: undefined };
  const grant = grantOf(answer, origin);
  noteForeign(context, answer, grant);
  if (grant === "read") checkVary(context, answer);
  return { grant, allowed: fieldOf(answer, ALLOWED) };
}

function noteForeign({ notes }: ScanContext, answer: Answer, grant: Grant): void {
  const at = nameOf(answer.request);
  const seen = corsFieldsOf(answer);
  if (grant === "credentials") notes.found("cors-any-origin-credentials", at, seen);
  if (grant === "read") notes.found("cors-reflected", at, seen);
  if (grant === "all" && hasCredentials(answer)) notes.found("cors-star-credentials", at, seen);
}

async function askNull(context: ScanContext, path: string, foreign: Grant): Promise<void> {
  const answer = await ask(context, { method: "GET", path, headers: { Origin: "null" } });
  const grant = answer === undefined ? "none" : grantOf(answer, "null");
  if (answer === undefined || grant === foreign) return;
  const at = nameOf(answer.request);
  if (grant === "credentials") {
    context.notes.found("cors-null-credentials", at, corsFieldsOf(answer));
  } else if (grant === "read" && foreign === "none") {
    context.notes.found("cors-null", at, corsFieldsOf(answer));
  }
}

/** Some apps answer preflights by another rule than requests. */
async function askPreflight(context: ScanContext, path: string, origin: string): Promise<void> {
  const answer = await ask(context, {
    method: "OPTIONS",
    path,
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "DELETE",
      "Access-Control-Request-Headers": "authorization",
      "Access-Control-Request-Private-Network": "true",
    },
  });
  if (answer === undefined) return;
  const grant = grantOf(answer, origin);
  noteForeign(context, answer, grant);
  const network = fieldOf(answer, "access-control-allow-private-network");
  if (grant !== "none" && network?.trim() === "true") {
    context.notes.found("cors-private-network", nameOf(answer.request), corsFieldsOf(answer));
  }
}

/** Whether the origin that was named may read the API, and what else that shows. */
async function checkListed(
  context: ScanContext,
  path: string,
  always: string | undefined,
): Promise<boolean> {
  const { notes, origin = "" } = context;
  const answer = await ask(context, { method: "GET", path, headers: { Origin: origin } });
  if (answer === undefined) return false;
  const grant = grantOf(answer, origin);
  if (grant === "none") {
    notes.found("origin-not-allowed", nameOf(answer.request), corsFieldsOf(answer));
    // Nothing that looks like it would be allowed, whatever the list does.
    notes.unchecked("cors", `${origin} is not allowed, so that nothing that looks like it is`);
    return false;
  }
  // What is the same for every origin does not vary.
  if (grant !== "all" && always !== origin) checkVary(context, answer);
  const preflight = await ask(context, {
    method: "OPTIONS",
    path,
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": `x-${context.mark}`,
    },
  });
  if (preflight === undefined || grantOf(preflight, origin) !== "credentials") return true;
  if (membersOf(preflight, "access-control-allow-headers").includes(`x-${context.mark}`)) {
    notes.found("cors-any-header", nameOf(preflight.request), corsFieldsOf(preflight));
  }
  return true;
}

async function askLookAlike(
  context: ScanContext,
  path: string,
  { origin, kind, how }: LookAlike,
  foreign: Grant,
): Promise<void> {
  const answer = await ask(context, { method: "GET", path, headers: { Origin: origin } });
  if (answer === undefined) return;
  const grant = grantOf(answer, origin);
  // What every origin gets has been noted.
  if (grant === foreign || grant === "none" || grant === "all") return;
  const withCredentials = grant === "credentials";
  const at = nameOf(answer.request);
  const seen = `${how}: ${origin}`;
  if (kind === "foreign") {
    context.notes.found(
      withCredentials ? "cors-look-alike-credentials" : "cors-look-alike",
      at,
      seen,
    );
  } else if (kind === "loose") context.notes.found("cors-loose", at, seen);
  else if (withCredentials) context.notes.found("cors-neighbour-credentials", at, seen);
}

/** An answer that was not made by the app shows nothing when it grants nothing. */
async function ask(context: ScanContext, request: ProbeRequest): Promise<Answer | undefined> {
  const answer = await context.client.send(request);
  const at = nameOf(request);
  if ("failed" in answer) {
    context.notes.unchecked("cors", `${at}: ${answer.failed}`);
    return undefined;
  }
  if ((answer.status === 429 || answer.status >= 500) && !answer.fields.has(ALLOWED)) {
    context.notes.unchecked("cors", `${at} was answered ${answer.status}`);
  }
  return answer;
}

/** As browsers judge it. @see https://fetch.spec.whatwg.org/#concept-cors-check */
function grantOf(answer: Answer, origin: string): Grant {
  const allowed = fieldOf(answer, ALLOWED);
  if (allowed === "*") return "all";
  if (allowed !== origin) return "none";
  return hasCredentials(answer) ? "credentials" : "read";
}

function hasCredentials(answer: Answer): boolean {
  return fieldOf(answer, "access-control-allow-credentials") === "true";
}

function checkVary({ notes }: ScanContext, answer: Answer): void {
  const vary = membersOf(answer, "vary");
  if (vary.includes("origin") || vary.includes("*")) return;
  notes.found(
    "cors-vary-missing",
    nameOf(answer.request),
    `${corsFieldsOf(answer)}; no Vary: Origin`,
  );
}

function corsFieldsOf(answer: Answer): string {
  const { headers } = answer.request;
  const origin = fieldOf(answer, ALLOWED) ?? "no field";
  const credentials = hasCredentials(answer) ? ", with credentials" : "";
  return `Origin: ${headers?.["Origin"]}; ${ALLOWED}: ${origin}${credentials}`;
}
