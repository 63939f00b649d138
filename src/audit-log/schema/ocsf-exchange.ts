import type { ColumnValues } from "./column-values.js";
import type { NestedColumn } from "./nest-columns.js";
import { readClass, text, whole } from "./ocsf-base.js";
import { API_ACTIVITY, AUTHENTICATION } from "./ocsf-class.js";

/** The methods that the framework knows. */
const METHODS: ReadonlySet<string | undefined> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "TRACE",
]);

/** What was asked and answered: `api`, `http_request` and `http_response`. */
export function ocsfExchange<Facts>(values: ColumnValues<Facts>): readonly NestedColumn<Facts>[] {
  const classOf = readClass(values);
  const name = values.text("event.name");
  const method = values.text("http.request.method");
  const route = values.text("http.route");
  const path = values.text("url.path");
  const requestId = values.text("http.request.id");
  const status = values.whole("http.response.status_code");
  const isCall = (facts: Facts): boolean => classOf(facts).uid === API_ACTIVITY;
  // Other classes have no request.
  const hasRequest = (facts: Facts): boolean =>
    isCall(facts) || classOf(facts).uid === AUTHENTICATION;
  return [
    {
      within: ["api"],
      column: text("operation", (facts) => {
        if (!isCall(facts)) return undefined;
        const verb = method(facts);
        const place = route(facts) ?? path(facts);
        if (verb === undefined) return name(facts);
        return place === undefined ? verb : `${verb} ${place}`;
      }),
    },
    {
      within: ["http_request"],
      column: text("http_method", (facts) => {
        const verb = method(facts);
        return METHODS.has(verb) && hasRequest(facts) ? verb : undefined;
      }),
    },
    {
      within: ["http_request"],
      column: text("uid", (facts) => (hasRequest(facts) ? requestId(facts) : undefined)),
    },
    {
      within: ["http_request"],
      column: text("user_agent", values.text("user_agent.original")),
    },
    {
      within: ["http_request"],
      column: whole("body_length", values.whole("http.request.body.size")),
    },
    {
      within: ["http_request", "url"],
      column: text("path", (facts) => (hasRequest(facts) ? path(facts) : undefined)),
    },
    {
      within: ["unmapped"],
      column: text("url.path", (facts) => (hasRequest(facts) ? undefined : path(facts))),
    },
    {
      within: ["http_response"],
      column: whole("code", (facts) => (isCall(facts) ? status(facts) : undefined)),
    },
  ];
}
