import { redactCardNumbers } from "./card-number.js";

/** Anything but what stands behind a name is at least so long: most values of most records are shorter. */
const SHORTEST = 13;
/** As long is a random text at least. */
const LONG = 40;

/** Keys and tokens that say by their form what they are. */
const PREFIXED = new RegExp(
  [
    // AWS access keys.
    "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
    // GitHub, GitLab, npm, PyPI, Docker Hub.
    "gh[pousr]_[A-Za-z0-9]{20,}",
    "github_pat_\\w{20,}",
    "gl(?:pat|ptt|dt|rt|cbt|soat)-[\\w-]{16,}",
    "npm_[A-Za-z0-9]{30,}",
    "pypi-[\\w-]{16,}",
    "dckr_pat_[\\w-]{16,}",
    // Slack.
    "xox[a-z]-[\\w-]{8,}",
    "xapp-[\\w-]{8,}",
    // Stripe.
    "[rs]k_(?:live|test)_\\w{10,}",
    "whsec_[\\w+/=]{10,}",
    // Google.
    "AIza[\\w-]{30,}",
    "ya29\\.[\\w.-]{10,}",
    "GOCSPX-[\\w-]{10,}",
    // OpenAI, Anthropic, SendGrid, Shopify, Twilio.
    "sk-[\\w-]{20,}",
    "SG\\.[\\w-]{10,}\\.[\\w-]{10,}",
    "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,}",
    "SK[0-9a-f]{32}",
  ]
    .map((form) => `(?<![A-Za-z0-9])${form}`)
    .join("|"),
  "g",
);
/** Without its end, whatever follows belongs to it: a value is cut off somewhere. */
const PEM = /-----BEGIN [A-Z0-9 ]{1,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,40}-----|$)/g;
/** `password=…`, `"api_key": "…"`: what follows the name of a secret. */
const NAMED =
  /((?:passw(?:or)?d|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|session[_-]?id|\bpwd)[\w-]{0,20}["']?\s{0,4}[=:]\s{0,4}["']?)(?!REDACTED)[^\s"',;&]+/gi;
/** Longer than an id of a commit, a trace or a UUID: a key, a digest of one, or a session. */
const LONG_HEX = /(?<![0-9A-Za-z])[0-9a-fA-F]{41,}(?![0-9A-Za-z])/g;
/** Random text in Base64 or Base64url: no word, no path and no id is that long with no break. */
const LONG_RANDOM = /[A-Za-z0-9+_-]{40,}={0,2}/g;

/**
 * Replaces what has the form of a secret, whatever it is called: keys and tokens of well-known services, private keys in
 * PEM, values behind the names of secrets, long random texts, and numbers of payment cards.
 */
export function redactSecretShapes(text: string): string {
  const isNamed = /[=:]/.test(text);
  if (text.length < SHORTEST && !isNamed) return text;
  let rest = text.includes("-----BEGIN ") ? text.replace(PEM, "REDACTED") : text;
  rest = rest.replace(PREFIXED, "REDACTED");
  if (isNamed) rest = rest.replace(NAMED, "$1REDACTED");
  if (rest.length >= LONG)
    rest = rest.replace(LONG_HEX, redactHex).replace(LONG_RANDOM, redactRandom);
  return redactCardNumbers(rest);
}

function redactHex(run: string): string {
  return /\d/.test(run) && /[a-f]/i.test(run) ? "REDACTED" : run;
}

function redactRandom(run: string): string {
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run) ? "REDACTED" : run;
}
