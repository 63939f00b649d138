import { rule, type ScanRule } from "./scan-rule.js";

const ERRORS = "End the app with notFound() and errorHandler()";

/** Rules about refusals and errors. */
export const ERROR_RULES = {
  "error-stack": rule(
    "errors",
    "high",
    "An error shows a stack trace",
    "It tells paths, packages and versions to attackers",
    `${ERRORS}, and set NODE_ENV=production`,
  ),
  "error-path": rule(
    "errors",
    "medium",
    "An error shows a path of the server",
    "It tells attackers how the server is built",
    ERRORS,
  ),
  "error-internals": rule(
    "errors",
    "low",
    "An error shows the words of a parser or a package",
    "They tell which software is used, and sometimes repeat what was sent",
    ERRORS,
  ),
  "error-framework": rule(
    "errors",
    "low",
    "An error page names the framework by its form",
    "Attackers look for known holes of it",
    ERRORS,
  ),
  "error-markup": rule(
    "errors",
    "high",
    "An error page repeats markup of the request",
    "A link to the API runs script in the user's browser (cross-site scripting)",
    ERRORS,
  ),
  "error-5xx": rule(
    "errors",
    "medium",
    "A request is answered as a fault of the server",
    "What fails by itself was not foreseen, and fills the logs with false alarms",
    `${ERRORS}: they answer 400 for what cannot be read`,
  ),
  "error-html": rule(
    "errors",
    "low",
    "An error of the API is a page",
    "Clients that asked for JSON cannot read it, and a page needs more protection than data",
    `${ERRORS}: they answer application/problem+json (RFC 9457)`,
  ),
  "challenge-missing": rule(
    "answers",
    "medium",
    "A 401 has no WWW-Authenticate",
    "It must have one (RFC 9110 §11.6.1): clients cannot tell how to authenticate",
    "Let oauthGuard() refuse, or add the field",
  ),
  "allow-missing": rule(
    "answers",
    "low",
    "A 405 has no Allow",
    "It must have one (RFC 9110 §15.5.6)",
    "Add the field to the answer",
  ),
  "retry-after-missing": rule(
    "answers",
    "low",
    "A 429 does not say when to try again",
    "Clients try at once, and make it worse",
    "Let rateLimit() refuse: it sends Retry-After",
  ),
  "rate-limit-syntax": rule(
    "answers",
    "low",
    "A field about limits cannot be read",
    "Clients ignore it, or wait for a wrong time",
    "Let rateLimit() send the fields",
  ),
} as const satisfies Readonly<Record<string, ScanRule>>;
