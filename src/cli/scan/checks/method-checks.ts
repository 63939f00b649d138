import { type Answer, fieldOf, nameOf, type ProbeRequest } from "../client/answer.js";
import { pathBelow } from "../client/scan-target.js";
import type { Samples } from "./sample-answers.js";
import type { ScanContext } from "./scan-context.js";

const OVERRIDES = {
  "X-HTTP-Method-Override": "GET",
  "X-HTTP-Method": "GET",
  "X-Method-Override": "GET",
};

/** Looks at TRACE, at methods that a header changes, and at hosts that a header names. */
export async function checkMethods(
  context: ScanContext,
  { main, missing }: Samples,
): Promise<void> {
  await checkTrace(context, main.request.path);
  await checkOverride(context, missing);
  await checkForwardedHost(context);
}

async function checkTrace(context: ScanContext, path: string): Promise<void> {
  const { mark } = context;
  const request = { mayClose: true, method: "TRACE", path, headers: { "X-Scan-Trace": mark } };
  const answer = await ask(context, request);
  if (answer?.status === 200 && answer.body.includes(mark)) {
    context.notes.found(
      "trace-enabled",
      nameOf(request),
      "the body repeats a field of the request",
    );
  }
}

/**
 * Asks for a path that does not exist, so that no method does anything: a POST that says it is a GET must be answered as
 * the POST that it is.
 */
async function checkOverride(context: ScanContext, get: Answer | undefined): Promise<void> {
  const path = pathBelow(context.target, context.mark);
  const plain = await ask(context, { name: "a POST to no path", method: "POST", path });
  const request: ProbeRequest = {
    name: "a POST that says it is a GET",
    method: "POST",
    path: `${path}?_method=GET`,
    headers: OVERRIDES,
  };
  const answer = await ask(context, request);
  if (plain === undefined || answer === undefined) return;
  const isGet = answer.status === get?.status && answer.status !== plain.status;
  // The page of Express names the method.
  const saysGet = /Cannot GET |Route GET:/.test(answer.body);
  if (saysGet || (isGet && answer.status < 400)) {
    context.notes.found("method-override", nameOf(request), "POST was answered as GET");
  }
}

async function checkForwardedHost(context: ScanContext): Promise<void> {
  const host = `${context.mark}.example`;
  const request = {
    name: "X-Forwarded-Host of another host",
    method: "GET",
    path: context.target.path,
    headers: { "X-Forwarded-Host": host },
  };
  const answer = await ask(context, request);
  if (answer === undefined) return;
  const location = fieldOf(answer, "location") ?? "";
  if (location.includes(host)) {
    context.notes.found("forwarded-host", nameOf(request), `location: ${location}`);
  } else if (answer.status < 400 && answer.body.includes(`//${host}`)) {
    context.notes.found("forwarded-host", nameOf(request), `the body has a link to ${host}`);
  }
}

async function ask(context: ScanContext, request: ProbeRequest): Promise<Answer | undefined> {
  const answer = await context.client.send(request);
  const at = nameOf(request);
  if (!("failed" in answer)) {
    if ([429, 502, 503, 504].includes(answer.status)) {
      context.notes.unchecked("methods", `${at} was answered ${answer.status}`);
    }
    return answer;
  }
  if (!(answer.closed && request.mayClose === true))
    context.notes.unchecked("methods", `${at}: ${answer.failed}`);
  return undefined;
}
