import {
  type Answer,
  fieldOf,
  isRedirect,
  type NoAnswer,
  nameOf,
  type ProbeRequest,
} from "../client/answer.js";
import { pathBelow, pathWithin } from "../client/scan-target.js";
import type { ScanContext } from "./scan-context.js";

/** Answers that several checks look at. */
export interface Samples {
  /** That of the URL, behind redirects. */
  readonly main: Answer;
  /** Those of all paths, the main one first. */
  readonly pages: readonly Answer[];
  /** Those that led there, the first one among them. */
  readonly redirects: readonly Answer[];
  /** Those with the credentials of the user, of the same paths. */
  readonly authorised: readonly Answer[];
  /** Those of requests that must fail. */
  readonly errors: readonly Answer[];
  /** That of a path that does not exist. */
  readonly missing: Answer | undefined;
}

const MAX_REDIRECTS = 3;
const LARGE_FIELD = 20 * 1024;

/** The request whose fields are too large for Node.js: what refuses it is often no app. */
export const LARGE = "x-scan-large";

/** Requests the paths, and what must be refused. `main` is the first answer, before redirects. */
export async function sampleAnswers(context: ScanContext, first: Answer): Promise<Samples> {
  const { client, notes, paths } = context;
  const redirects: Answer[] = [];
  const main = await follow(context, first, redirects);
  const pages = [main];
  for (const path of paths) {
    const answer = await client.send({ method: "GET", path });
    if ("failed" in answer) notes.unchecked("headers", `GET ${path}: ${answer.failed}`);
    else pages.push(await follow(context, answer, redirects));
  }
  const authorised: Answer[] = [];
  for (const { request } of context.hasCredentials ? pages : []) {
    const answer = await client.send({ ...request, withCredentials: true });
    if ("failed" in answer) notes.unchecked("caching", answer.failed);
    else authorised.push(answer);
  }
  const errors: Answer[] = [];
  let missing: Answer | undefined;
  for (const request of failing(context, main.request.path)) {
    const answer = await client.send(request);
    if ("failed" in answer) noteFailure(context, request, answer);
    else errors.push(answer);
    missing ??= errors[0];
  }
  return { main, pages, redirects, authorised, errors, missing };
}

/** Follows redirects within the origin, and notes those that lead elsewhere. */
async function follow(
  { client, target, notes }: ScanContext,
  first: Answer,
  redirects: Answer[],
): Promise<Answer> {
  let answer = first;
  for (let hops = 0; isRedirect(answer.status); hops += 1) {
    const location = fieldOf(answer, "location") ?? "";
    const path = pathWithin(target, answer.request.path, location);
    const at = nameOf(answer.request);
    redirects.push(answer);
    if (path === undefined) {
      notes.skipped("headers", `${at} redirects to another origin, which is not followed`);
      return answer;
    }
    if (hops === MAX_REDIRECTS) {
      notes.unchecked("headers", `${at} redirects more than ${MAX_REDIRECTS} times`);
      return answer;
    }
    const next = await client.send({ method: "GET", path });
    if ("failed" in next) {
      notes.unchecked("headers", `GET ${path}: ${next.failed}`);
      return answer;
    }
    answer = next;
  }
  return answer;
}

/** None of them does anything: what they name does not exist. */
function failing(context: ScanContext, mainPath: string): readonly ProbeRequest[] {
  const { target, mark } = context;
  const missing = pathBelow(target, mark);
  return [
    { name: "a path that does not exist", method: "GET", path: missing },
    {
      name: "a malformed path",
      mayClose: true,
      method: "GET",
      path: pathBelow(target, "%E0%A4%A"),
    },
    {
      name: "a path with markup",
      method: "GET",
      path: `${missing}%3Csvg%20id%3D${mark}%3E`,
      headers: { Accept: "text/html" },
    },
    {
      name: "malformed JSON",
      method: "POST",
      path: missing,
      headers: { "Content-Type": "application/json" },
      body: '{"scan":',
    },
    { name: "a rare method", mayClose: true, method: "PROPFIND", path: missing },
    {
      name: "a token that is none",
      method: "GET",
      path: mainPath,
      headers: { Authorization: "Bearer scan.is-no.token" },
    },
    {
      name: "a large header field",
      mayClose: true,
      method: "GET",
      path: mainPath,
      headers: { [LARGE]: "a".repeat(LARGE_FIELD) },
    },
  ];
}

function noteFailure({ notes }: ScanContext, request: ProbeRequest, answer: NoAnswer): void {
  if (!(answer.closed && request.mayClose === true))
    notes.unchecked("errors", `${nameOf(request)}: ${answer.failed}`);
}

/** Every answer that there is. */
export function everyAnswer({ pages, redirects, authorised, errors }: Samples): readonly Answer[] {
  return [...new Set([...redirects, ...pages, ...authorised, ...errors])];
}
