/** Where one word of a name ends: at anything but letters and digits, and before a capital letter behind a small one. */
const WORD_END = /[^A-Za-z\d]+|(?<=[a-z\d])(?=[A-Z])/;
/** No name of a cookie is longer; what is longer is looked at to here. */
const MAX_LENGTH = 256;

/** Cookies against CSRF: a script reads them, or the form of a page repeats them. */
const CSRF = /csrf|xsrf|anti-?forgery|verificationtoken|authenticity/i;
/** Words that say by themselves that the cookie stands for a user; of the words of a name, with hyphens between them. */
const SESSION_WORD =
  /(?:^|-)(?:sid|ssid|usid|sess|(?<!(?:analytics|hj|intercom)-)session|sessions?ids?|sessid|(?!pos|obs)[a-z]+session|[a-z]*sess(?:ion)?id[a-z]*|auth|authn|authorization|bearer|credentials?|jwt|api-?key|(?<!(?:amp|analytics|design|fcm|form|front|public|push)-)tokens?|(?:access|admin|api|auth|bearer|id|jwt|login|refresh|session|sso|user|ltpa|cf)tokens?|(?:admin|user)sess|oauth|aspxauth|identity|remember|rememberme)\d*(?=-|$)/g;
/** What follows such a word where the cookie only tells something about the session or the login: for scripts, as a rule. */
const OTHER_THING =
  /-(?:authenticated|callback|consent|count|currency|email|enabled|error|exp|expir\w+|hint|lang|language|lifetime|locale|message|method|mode|nonce|pkce|provider|redirect|return|state|status|step|theme|timeout|timestamp|timezone|ttl|type|tz|update|updated|uri|url|username|verifier|warning)(?=-|$)/;
/** Names that say nothing by their words: of Drupal, WordPress, ASP.NET, ColdFusion, CakePHP and CAS. */
const KNOWN_NAME =
  /^(?:s?sess[\da-f]{32}|wordpress_(?:logged_in|sec)_.+|\.aspnet(?:core)?\.(?:\w*cookies?)(?:c\d+)?|cfid|cakephp|castgc|tgc)$/i;
/** Those of Supabase, Clerk and Keycloak whose own scripts read them, so that they would break with `HttpOnly`. */
const READ_BY_SCRIPTS =
  /^(?:sb-.+-auth-token(?:\.\d+)?|__session_[\w-]{8}|__clerk_.+|keycloak_session(?:_legacy)?|kc_auth_session_hash)$/i;

/**
 * Whether the name is that of a cookie by which the server knows the user: `connect.sid`, `JSESSIONID`, `session`,
 * `access_token`, with or without a prefix such as `__Host-`. Cookies against CSRF are none, whose scripts must read them;
 * nor are those that only tell something about a session, such as `session_timeout`.
 */
export function isSessionName(name: string): boolean {
  const start = name.slice(0, MAX_LENGTH);
  if (CSRF.test(start)) return false;
  if (KNOWN_NAME.test(start)) return true;
  const words = start.split(WORD_END).join("-").toLowerCase();
  const last = [...words.matchAll(SESSION_WORD)].at(-1);
  return last !== undefined && !OTHER_THING.test(words.slice(last.index + last[0].length));
}

/** Whether scripts of the package that sets the cookie read it, so that it must not have `HttpOnly`. */
export function isReadByScripts(name: string): boolean {
  return READ_BY_SCRIPTS.test(name.slice(0, MAX_LENGTH));
}
