import { isRefused } from "../core/refusal/refused.js";
import { parseSecureUrl } from "./fetch/secure-url.js";

/** What an issuer must be, and the fix where one can be told. */
export interface IssuerProblem {
  readonly must: string;
  readonly fix?: string;
}

/** An absolute URL, as far as its spelling goes: scheme, slashes, authority, and the rest. */
const URL_PARTS = /^([a-z][a-z\d+.-]*):([/\\]*)([^/\\?#]*)(.*)$/i;
/** A host with a dot or a port, as in `idp.example.com` and `localhost:8080/realms/a`. */
const HOST =
  /^(?:[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63})*\.[a-z]{2,24}|localhost)(?::\d{1,5})?(?:\/|$)/i;
const PLACEHOLDER = /[{}<>]|%7b|%7d|%3c|%3e/i;
/** Hosts of Entra ID, and what stands in their URLs in place of a tenant. */
const ENTRA_HOST =
  /^(?:login\.microsoftonline\.(?:com|us|de)|login\.partner\.microsoftonline\.cn|login\.chinacloudapi\.cn|login\.windows\.net|sts\.(?:windows\.net|chinacloudapi\.cn))$/;
const ENTRA_MANY = /^\/(?:common|organizations|consumers)(?:\/|$)/i;
/** RFC 3986: what stands in a URI, after a scheme. */
const URI = /^[a-z][a-z\d+.-]*:[\w.~:/?#[\]@!$&'()*+,;=%-]+$/i;
const MAX_SHOWN = 200;

/**
 * What is wrong with the issuer of tokens whose keys are fetched. `iss` is compared byte by byte,
 * so the URL must have the one spelling that issuers give it (RFC 8414 §2, OpenID Connect Discovery
 * §3): scheme and host in lower case, `//`, no white space. The path is taken as it is written.
 *
 * @param httpHosts - Hosts, with their port, that may be `http:`.
 */
export function checkIssuerUrl(
  issuer: string,
  httpHosts: readonly string[],
): IssuerProblem | undefined {
  return (
    checkSpaces(issuer) ??
    checkPlaceholders(issuer) ??
    checkForm(issuer) ??
    checkSecurity(issuer, httpHosts) ??
    checkHost(issuer) ??
    checkRest(issuer)
  );
}

/**
 * What is wrong with the issuer of tokens whose keys are given: any StringOrURI (RFC 7519 §2) is
 * right. White space is not, because nobody sees it.
 */
export function checkIssuerName(issuer: string): IssuerProblem | undefined {
  const spaces = checkSpaces(issuer) ?? checkPlaceholders(issuer);
  if (spaces !== undefined || !issuer.includes(":") || URI.test(issuer)) return spaces;
  return { must: "a URI, because it has a colon (RFC 7519 §2)" };
}

/** What is wrong with the URL of a tenant: it names none. `undefined` also for what is no URL. */
export function checkPlaceholders(text: string): IssuerProblem | undefined {
  if (PLACEHOLDER.test(text)) {
    const fix = "write the id of your tenant in its place, as the tokens name it in iss";
    return { must: "free of placeholders such as {tenantid}", fix };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !ENTRA_HOST.test(url.hostname) || !ENTRA_MANY.test(url.pathname)) {
    return undefined;
  }
  const fix =
    "write the id of your tenant in place of common, organizations or consumers; one entry for each tenant";
  return { must: "the issuer of one tenant: no token names this one in iss", fix };
}

function checkSpaces(issuer: string): IssuerProblem | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are looked for.
  const dense = issuer.replaceAll(/[\s\0-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]/g, "");
  if (dense === issuer) return undefined;
  return { must: "without white space and line ends", ...fixOf(dense) };
}

function checkForm(issuer: string): IssuerProblem | undefined {
  const must = "an absolute URL";
  const [, scheme = "", slashes, authority = "", rest = ""] = URL_PARTS.exec(issuer) ?? [];
  if (/^https?$/i.test(scheme)) {
    if (slashes === "//" && !issuer.includes("\\")) return undefined;
    const spelt = `${scheme.toLowerCase()}://${authority}${rest}`.replaceAll("\\", "/");
    return { must: `${must} with // after its scheme`, ...fixOf(spelt) };
  }
  if (!HOST.test(issuer)) return URL.canParse(issuer) ? undefined : { must };
  const local = /^localhost/i.test(issuer);
  return { must, ...fixOf(`${local ? "http" : "https"}://${issuer}`) };
}

function checkSecurity(issuer: string, httpHosts: readonly string[]): IssuerProblem | undefined {
  const url = parseSecureUrl(issuer, httpHosts);
  return isRefused(url) ? { must: url.refused } : undefined;
}

/** The host as the standard of URLs writes it; a default port may be there. */
function checkHost(issuer: string): IssuerProblem | undefined {
  const [, scheme = "", , authority = ""] = URL_PARTS.exec(issuer) ?? [];
  const { protocol, host } = new URL(issuer);
  const port = protocol === "https:" ? ":443" : ":80";
  if (`${scheme}:` === protocol && (authority === host || authority === host + port)) {
    return undefined;
  }
  return {
    must: "a URL with scheme and host in lower case and their usual form",
    ...fixOf(issuer),
  };
}

function checkRest(issuer: string): IssuerProblem | undefined {
  // RFC 8414 §2. The text is looked at, not the URL: an empty query or fragment is one too.
  if (/[?#]/.test(issuer)) return { must: "a URL without query and fragment" };
  if (!issuer.includes("/.well-known/")) return undefined;
  return { must: "the issuer itself", fix: "the URL of its metadata goes into discovery" };
}

/** The right spelling, where the text is a URL that is no secret: with nothing but host and path. */
function fixOf(text: string): { readonly fix?: string } {
  const [, , , , rest = ""] = URL_PARTS.exec(text) ?? [];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || !HOST.test(url.host)) return {};
  if (url.username !== "" || url.password !== "" || /[?#]/.test(text)) return {};
  if (text.length > MAX_SHOWN || PLACEHOLDER.test(text)) return {};
  return { fix: `write ${JSON.stringify(`${url.protocol}//${url.host}${rest}`)}` };
}
