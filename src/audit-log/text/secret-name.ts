/** Whatever word these stand in: `authtoken`, `jsessionid`. */
const STEM =
  /assertion|bearer|cookie|credential|csrf|hmac|jwt|keypair|keyring|keystore|otp$|passc|passphrase|passw|privatekey|privkey|pwd|secret|sessid|session|signature|token|xsrf/;
/** `auth` begins and ends many words; these are no credentials. */
const NO_AUTHENTICATION = /^(?:authenticated|author(?:ed|ing|ity|s)?)$/;
const WORDS: ReadonlySet<string> = new Set(
  "2fa cred creds cvc cvv dpop jwe jws mfa pem psk saml sid sig signed sso tkn".split(" "),
);
/** As the last word only: `x-pass-through` is no password. */
const LAST_WORDS: ReadonlySet<string> = new Set(["pass", "pat", "pin", "sign"]);
/** Together, written as one word or several. */
const COMPOUND =
  /-(?:pass-(?:code|phrase|word)|(?:access|login|one-?time|pin|recovery|security|unlock|verification)-?codes?)-/;
const CERTIFICATE = /^(?:client|peer|ssl|tls|user|x509)?cert(?:s|ificates?|chain)?$/;
/** Keys that open nothing: names of operations, places and messages, the nonce of RFC 6455 §10.3, and public keys. */
const HARMLESS_KEY =
  /^(?:cache|correlation|deduplication|idempotency|partition|public|routing|shard|sort|surrogate|websocket)$/;
/** Tokens, certificates and all claims of a user, by names that do not say so. */
const NAMES: ReadonlySet<string> = new Set([
  // Where browsers put tokens: a script can set no other field of a WebSocket.
  "sec-websocket-protocol",
  "x-amzn-oidc-data",
  "x-apigateway-api-userinfo",
  "x-endpoint-api-userinfo",
  "x-ms-client-principal",
  "x-userinfo",
]);

/**
 * Whether the name of a header field or of a value says that it carries what lets its owner in: a credential, a key, a
 * signature, a session. The words of the name decide, written with hyphens, underscores or dots, or else with capitals.
 * Numbers behind a word make no difference.
 */
export function namesSecret(name: string): boolean {
  const whole = name.toLowerCase();
  if (NAMES.has(whole) || WORDS.has(whole)) return true;
  const spaced = name.replace(/([a-z\d])([A-Z])/g, "$1-$2").toLowerCase();
  // In a name with hyphens, capitals are a habit (`WebSocket`, `DPoP`) or words (`X-CardPin`).
  if (/[-_.]/.test(name) && saysSecret(wordsOf(whole))) return true;
  return saysSecret(wordsOf(spaced.replace("web-socket", "websocket")));
}

function wordsOf(name: string): readonly string[] {
  return name
    .split(/[-_.]/)
    .map((word) => word.replace(/\d+$/, ""))
    .filter((word) => word !== "");
}

function saysSecret(words: readonly string[]): boolean {
  if (COMPOUND.test(`-${words.join("-")}-`)) return true;
  return words.some((word, index) => {
    const [previous = "", next] = [words[index - 1], words[index + 1]];
    if (STEM.test(word) || WORDS.has(word) || CERTIFICATE.test(word)) return true;
    if (word.includes("auth")) return !NO_AUTHENTICATION.test(word);
    if (next === undefined && LAST_WORDS.has(word)) return true;
    return isKey(word, previous, next);
  });
}

/** @param next - The word behind it: the id of a key is no key. */
function isKey(word: string, previous: string, next: string | undefined): boolean {
  if (!/keys?$/.test(word) || next === "id") return false;
  const ownWords = word.replace(/keys?$/, "");
  return !HARMLESS_KEY.test(ownWords === "" ? previous : ownWords);
}
