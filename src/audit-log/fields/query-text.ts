import { scrubText } from "../text/scrub-text.js";
import { namesSecret } from "../text/secret-name.js";

/** What of a query string is recorded: nothing, the names, or also the values of these names. */
export type QuerySetting = "none" | "names" | ReadonlySet<string>;

const MAX_PARAMETERS = 32;
const MAX_NAME = 64;
const MAX_VALUE = 256;
const MAX_READ = 8192;
const HIDDEN = "REDACTED";
/** In lower case. OpenTelemetry's list, and what OAuth 2.0 and OpenID Connect send in queries. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  "awsaccesskeyid",
  "code",
  "sig",
  "signature",
  "state",
  "x-amz-credential",
  "x-amz-security-token",
  "x-amz-signature",
  "x-goog-credential",
  "x-goog-signature",
]);

/**
 * Whether the values of a query parameter are never recorded.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
 */
export function isSecretParameter(name: string): boolean {
  return SECRET_PARAMETERS.has(name.toLowerCase()) || namesSecret(name);
}

/**
 * The query string of a request target as a record may have it: the names of its first parameters, and `REDACTED` for
 * every value that is not allowed, `page=2&token=REDACTED`. Percent-encoded anew, so that no value looks like two.
 *
 * @returns `undefined` without a query string.
 */
export function queryText(
  target: string,
  setting: "names" | ReadonlySet<string>,
): string | undefined {
  const start = target.indexOf("?");
  if (start === -1) return undefined;
  const end = target.indexOf("#", start);
  const query = target.slice(start + 1, end === -1 ? undefined : end);
  if (query === "") return undefined;
  // The last parameter of a cut query could be half a name.
  const read = query.length > MAX_READ ? query.slice(0, query.lastIndexOf("&", MAX_READ)) : query;
  const parameters = read.slice(0, MAX_READ).split("&", MAX_PARAMETERS + 1);
  const texts = parameters.slice(0, MAX_PARAMETERS).map((one) => parameterText(one, setting));
  if (parameters.length > MAX_PARAMETERS || read.length < query.length) texts.push("...");
  return texts.join("&");
}

function parameterText(parameter: string, setting: "names" | ReadonlySet<string>): string {
  const equals = parameter.indexOf("=");
  const name = decoded(equals === -1 ? parameter : parameter.slice(0, equals));
  if (name === undefined) return HIDDEN;
  // `?eyJhb…` is a value without a name, and so may be any long one.
  const isValue = name.length > MAX_NAME || isTelling(name);
  const shown = isValue ? HIDDEN : encoded(scrubText(name), MAX_NAME);
  if (equals === -1) return shown;
  const value = parameter.slice(equals + 1);
  if (value === "") return `${shown}=`;
  const isAllowed = setting !== "names" && setting.has(name) && !isSecretParameter(name);
  const text = isAllowed ? decoded(value) : undefined;
  return `${shown}=${text === undefined ? HIDDEN : encoded(scrubText(text), MAX_VALUE)}`;
}

function isTelling(name: string): boolean {
  return /@/.test(name) || (name.length >= 20 && /\d/.test(name) && /[a-z]/i.test(name));
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function encoded(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max)}...` : text;
  // A cut may go through a surrogate pair, half of which cannot be encoded. Node 20 has the method, ES2023 does not.
  const { toWellFormed } = cut as string & { toWellFormed(): string };
  return encodeURIComponent(toWellFormed.call(cut)).replaceAll("%2F", "/").replaceAll("%2C", ",");
}
