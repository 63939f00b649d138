import { rule, type ScanRule } from "./scan-rule.js";

const HEADERS = "Mount secureHeaders() in front of everything that answers";

/** Rules about security headers. */
export const HEADER_RULES = {
  "page-csp-missing": rule(
    "headers",
    "medium",
    "A page has no Content-Security-Policy",
    "Script that gets into the page runs",
    'Mount secureHeaders({ preset: "web" })',
  ),
  "page-csp-unsafe": rule(
    "headers",
    "medium",
    "The Content-Security-Policy of a page allows any script",
    "Script that gets into the page runs as if there were no policy",
    "Take out 'unsafe-inline' and \"*\" of script-src; allow inline scripts by nonce or hash",
  ),
  "page-framing": rule(
    "headers",
    "medium",
    "A page may be framed by every site",
    "A page of somebody else can lead users to press its buttons (clickjacking)",
    `${HEADERS}: it sends frame-ancestors and X-Frame-Options`,
  ),
  "page-referrer": rule(
    "headers",
    "low",
    "A page has no Referrer-Policy",
    "Old browsers tell other sites the whole address, with what stands in its query",
    'Mount secureHeaders({ preset: "web" })',
  ),
  "referrer-unsafe": rule(
    "headers",
    "low",
    "Referrer-Policy sends whole addresses to other sites",
    "Ids and tokens in paths and queries reach them",
    'Use "no-referrer" or "strict-origin-when-cross-origin"',
  ),
  "page-permissions": rule(
    "headers",
    "info",
    "A page has no Permissions-Policy",
    "Frames in it may ask for camera, microphone and location",
    'Mount secureHeaders({ preset: "web" })',
  ),
  "data-csp-missing": rule(
    "headers",
    "low",
    "An answer with data has no Content-Security-Policy",
    "If a browser ever takes it for a page, what stands in it runs",
    HEADERS,
  ),
  "data-framing": rule(
    "headers",
    "low",
    "An answer with data may be framed by every site",
    "Pages of others can show it, and let users copy out of it",
    `${HEADERS}: it sends frame-ancestors and X-Frame-Options`,
  ),
  "nosniff-missing": rule(
    "headers",
    "low",
    "X-Content-Type-Options: nosniff is missing",
    "Browsers guess types, and may run what was meant as data",
    HEADERS,
  ),
  "corp-missing": rule(
    "headers",
    "low",
    "Cross-Origin-Resource-Policy is missing",
    "Every site can load the answer into its own process, where Spectre reads it",
    HEADERS,
  ),
  "header-twice": rule(
    "headers",
    "low",
    "A security header is sent twice",
    "Browsers ignore some headers that do not have exactly one value",
    "Set it in one place: in the app or in the proxy",
  ),
  "technology-named": rule(
    "headers",
    "low",
    "The answer names the software of the server",
    "Attackers look for known holes of that version",
    `${HEADERS}: it removes X-Powered-By; switch the version off in the proxy`,
  ),
} as const satisfies Readonly<Record<string, ScanRule>>;
