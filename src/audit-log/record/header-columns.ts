import type { RequestFacts } from "../facts/request-facts.js";
import { type QuerySetting, queryText } from "../fields/query-text.js";
import { unquotedText } from "../text/json-text.js";
import { scrubText } from "../text/scrub-text.js";
import type { Column } from "./record-table.js";

/** Clients are few and repeat themselves: their user agents are made safe once. */
const MAX_CACHED = 500;
const MAX_CACHED_LENGTH = 512;
const MAX_QUERY_LENGTH = 1024;

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

/** What of query strings is recorded: `url.query`. */
export function createQueryColumns(setting: QuerySetting): readonly Column<RequestFacts>[] {
  if (setting === "none") return [];
  return [
    { name: "url.query", read: ({ req }) => queryOf(req.originalUrl, setting), quoted: true },
  ];
}

/** @param target - Handlers replace everything. */
function queryOf(target: unknown, setting: Exclude<QuerySetting, "none">): string | undefined {
  const query = typeof target === "string" ? queryText(target, setting) : undefined;
  return query === undefined ? undefined : unquotedText(query, MAX_QUERY_LENGTH);
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
