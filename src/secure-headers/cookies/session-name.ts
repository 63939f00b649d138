/** Where one word of a name ends: at anything but letters and digits, and before a capital letter behind a small one. */
const WORD_END = /[^A-Za-z\d]+|(?<=[a-z\d])(?=[A-Z])/;
const CSRF = /csrf|xsrf/i;
/** A word that says by itself that the cookie stands for a user. */
const SESSION_WORD =
  /^(?:sid|ssid|usid|sess|session|sessions?ids?|sessid|(?:php|j|asp)sess(?:ion)?id[a-z]*|auth|authn|authorization|jwt|tokens?|(?:access|admin|api|auth|bearer|id|login|refresh|session|user)tokens?|(?:admin|user)sess(?:ion)?|oauth|aspxauth|identity|logged|remember|rememberme)\d*$/;

/**
 * Whether the name is that of a cookie by which the server knows the user: `connect.sid`, `JSESSIONID`, `session`,
 * `access_token`, with or without a prefix such as `__Host-`. Cookies against CSRF are none, whose scripts must read them.
 */
export function isSessionName(name: string): boolean {
  if (CSRF.test(name)) return false;
  return name.split(WORD_END).some((word) => SESSION_WORD.test(word.toLowerCase()));
}
