import type { IncomingHttpHeaders } from "node:http";
import { jsonMember } from "../text/json-text.js";
import { scrubText } from "../text/scrub-text.js";

/** Turns the allow-listed header fields of a request into members of a record, each with a comma in front. */
export interface HeaderRecorder {
  /** The members `http.request.header.*`, sorted. */
  readonly fields: (headers: IncomingHttpHeaders) => string;
  /** The member `user_agent.original`. */
  readonly userAgent: (headers: IncomingHttpHeaders) => string;
}

/** Clients are few and repeat themselves: their user agents are made safe once. */
const MAX_CACHED = 500;
const MAX_CACHED_LENGTH = 512;

/** @param names - In lower case. */
export function createHeaderRecorder(names: readonly string[]): HeaderRecorder {
  const columns = names.filter((name) => name !== "user-agent").sort();
  const agents = new Map<string, string>();

  function fields(headers: IncomingHttpHeaders): string {
    let members = "";
    for (const name of columns) {
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
      if (value !== undefined)
        members += jsonMember(`http.request.header.${name}`, scrubText(String(value)));
    }
    return members;
  }

  function userAgent(headers: IncomingHttpHeaders): string {
    const value = headers["user-agent"];
    if (value === undefined) return "";
    const known = agents.get(value);
    if (known !== undefined) return known;
    const member = jsonMember("user_agent.original", scrubText(value));
    if (agents.size >= MAX_CACHED) agents.clear();
    if (value.length <= MAX_CACHED_LENGTH) agents.set(value, member);
    return member;
  }

  return { fields, userAgent: names.includes("user-agent") ? userAgent : () => "" };
}
