import { rule, type ScanRule } from "./scan-rule.js";

const HEADERS = "Mount secureHeaders() in front of everything that answers";

/** Rules about cookies, caches and methods. */
export const STATE_RULES = {
  "cookie-secure": rule(
    "cookies",
    "medium",
    "A session cookie has no Secure",
    "Browsers send it over plain HTTP as well",
    'Set it, or let secureHeaders({ cookies: "enforce" }) add it',
  ),
  "cookie-http-only": rule(
    "cookies",
    "medium",
    "A session cookie has no HttpOnly",
    "Script in a page can steal it",
    'Set it, or let secureHeaders({ cookies: "enforce" }) add it',
  ),
  "cookie-same-site": rule(
    "cookies",
    "low",
    "A session cookie has no SameSite",
    "What browsers do then differs: some send it with requests of every site",
    'Set SameSite=Lax, or let secureHeaders({ cookies: "enforce" }) add it',
  ),
  "cookie-prefix": rule(
    "cookies",
    "medium",
    "A cookie does not have what its name promises",
    "Browsers do not accept it",
    "Give __Host- cookies Secure, Path=/ and no Domain, and __Secure- cookies Secure",
  ),
  "private-shared": rule(
    "caching",
    "high",
    "Shared caches may keep an answer to a request with credentials",
    "The next user gets the answer of the one before (RFC 9111 §3.5)",
    `${HEADERS}: answers are no-store unless a handler says otherwise`,
  ),
  "private-kept": rule(
    "caching",
    "low",
    "Browsers may keep an answer to a request with credentials",
    "Whoever uses the machine next finds it there",
    `${HEADERS}: answers are no-store unless a handler says otherwise`,
  ),
  "trace-enabled": rule(
    "methods",
    "high",
    "TRACE repeats the request",
    "It shows fields that proxies add, and that scripts may not read (RFC 9110 §9.3.8)",
    "Switch TRACE off in the server or the proxy",
  ),
  "method-override": rule(
    "methods",
    "medium",
    "A header changes the method of a request",
    "What checks the method in front of it, such as a proxy, is passed by",
    "Take method-override out, or let it run behind all checks; secureApi() refuses such requests",
  ),
  "forwarded-host": rule(
    "methods",
    "medium",
    "X-Forwarded-Host of any client gets into the answer",
    "Links and redirects lead to a host that an attacker chooses, and caches keep that",
    'Set "trust proxy" to the addresses of your proxies, and build links from configuration',
  ),
} as const satisfies Readonly<Record<string, ScanRule>>;
