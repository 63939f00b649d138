import { rule, type ScanRule } from "./scan-rule.js";

const CORS = "Name exact origins in secureHeaders({ cors: { origins: […] } })";

/** Rules about what pages of other origins may do. */
export const CORS_RULES = {
  "cors-any-origin-credentials": rule(
    "cors",
    "critical",
    "Every page may read answers with the user's cookies",
    "Any site that a user visits can act as that user, and read what the API answers",
    CORS,
  ),
  "cors-null-credentials": rule(
    "cors",
    "critical",
    'The origin "null" may read answers with the user\'s cookies',
    "Every page can send that origin, by a sandboxed frame",
    `${CORS}; "null" is none`,
  ),
  "cors-look-alike-credentials": rule(
    "cors",
    "critical",
    "An origin that only looks like a listed one may read answers with the user's cookies",
    "Anybody can register such a name",
    `${CORS}, or a pattern such as "https://*.example.com"`,
  ),
  "cors-neighbour-credentials": rule(
    "cors",
    "medium",
    "A neighbour of a listed origin may read answers with the user's cookies",
    "Another port, plain HTTP or a subdomain is another app, often with weaker protection",
    CORS,
  ),
  "cors-look-alike": rule(
    "cors",
    "medium",
    "An origin that only looks like a listed one may read answers",
    "The list does not mean what it says: anybody can register such a name",
    `${CORS}, or a pattern such as "https://*.example.com"`,
  ),
  "cors-loose": rule(
    "cors",
    "low",
    "Spellings that are no origin of a browser are taken for a listed one",
    "The comparison is not exact, and the next change of the list may open it",
    CORS,
  ),
  "cors-null": rule(
    "cors",
    "low",
    'The origin "null" may read answers',
    "Every page can send that origin, by a sandboxed frame",
    `${CORS}; "null" is none`,
  ),
  "cors-reflected": rule(
    "cors",
    "low",
    "Every origin is repeated in Access-Control-Allow-Origin",
    'It says the same as "*", but becomes a hole the day somebody adds credentials',
    'Write origins: "*" if every page may read the API, else name the origins',
  ),
  "cors-star-credentials": rule(
    "cors",
    "low",
    "Access-Control-Allow-Origin: * stands beside credentials",
    "Browsers refuse the combination (Fetch §3.2.5), so one of the two is not what was meant",
    "Leave credentials out, or name the origins",
  ),
  "cors-any-header": rule(
    "cors",
    "low",
    "A preflight allows every header that it is asked for, with credentials",
    "What a page may send with the user's cookies is not limited to what the API needs",
    "List what the API needs in cors.allowedHeaders and cors.methods",
  ),
  "cors-private-network": rule(
    "cors",
    "medium",
    "A preflight lets every page into the private network",
    "Pages of the internet can then reach this server from within",
    "Take out Access-Control-Allow-Private-Network",
  ),
  "cors-vary-missing": rule(
    "cors",
    "low",
    "Vary: Origin is missing",
    "A cache gives one origin what was meant for another",
    "Let secureHeaders({ cors }) set the headers",
  ),
  "origin-not-allowed": rule(
    "cors",
    "info",
    "The origin of --origin is not allowed",
    "Origins that look like it show nothing then",
    "Name an origin whose pages may read the API",
  ),
} as const satisfies Readonly<Record<string, ScanRule>>;
