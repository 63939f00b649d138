import type { RequestFacts } from "../facts/request-facts.js";
import { unquotedText } from "../text/json-text.js";
import { scrubText } from "../text/scrub-text.js";
import type { Column } from "./record-table.js";

/** Clients are few and repeat themselves: their user agents are made safe once. */
const MAX_CACHED = 500;
const MAX_CACHED_LENGTH = 512;

/**
 * The allow-listed header fields of a request: `http.request.header.*` and `user_agent.original`.
 *
 * @param names - In lower case.
 */
export function createHeaderColumns(names: readonly string[]): readonly Column<RequestFacts>[] {
  return names.map((name) =>
    name === "user-agent"
      ? { name: "user_agent.original", read: createUserAgentReader(), quoted: true }
      : {
          name: `http.request.header.${name}`,
          read: ({ req }) => fieldOf(req.headers, name),
          quoted: true,
        },
  );
}

function fieldOf(headers: RequestFacts["req"]["headers"], name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return value === undefined ? undefined : unquotedText(scrubText(String(value)));
}

function createUserAgentReader(): (facts: RequestFacts) => string | undefined {
  const agents = new Map<string, string>();

  return function userAgent({ req }) {
    const value = req.headers["user-agent"];
    if (value === undefined) return undefined;
    const known = agents.get(value);
    if (known !== undefined) return known;
    const text = unquotedText(scrubText(value));
    if (agents.size >= MAX_CACHED) agents.clear();
    if (value.length <= MAX_CACHED_LENGTH) agents.set(value, text);
    return text;
  };
}
