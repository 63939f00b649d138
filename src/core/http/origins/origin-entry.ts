import { unsetFault } from "../../options/value.js";
import { type Refused, refused } from "../../refusal/refused.js";
import { isLocalName, isLoopback } from "./loopback.js";
import { isSharedSuffix } from "./shared-suffixes.js";

/** One entry of `origins`, understood. */
export interface OriginEntry {
  /** As browsers send it; with a `*` when it is a pattern. */
  readonly text: string;
  /** For `https://*.example.com`: what stands before and after the one label. */
  readonly pattern?: { readonly before: string; readonly after: string };
  /** Plain HTTP to another machine. */
  readonly insecure: boolean;
  /** A pattern over a domain where anybody can get a subdomain. */
  readonly shared: boolean;
}

const EXAMPLE = 'an origin such as "https://app.example.com"';
/** Schemes of pages whose origin is opaque: they send `Origin: null`. */
const OPAQUE = new Set(["about", "blob", "data", "file", "javascript"]);

/** Reads one entry. Refused with what is wrong with it, and the right spelling where there is one. */
export function parseOriginEntry(text: string): OriginEntry | Refused {
  if (text === "null")
    return refused('must not be "null": every sandboxed page and every local file sends it');
  const unset = unsetFault(text);
  if (unset !== undefined) return refused(unset);
  if (/[,;\s]/.test(text.trim()))
    return refused("must hold one origin per entry: split the text into a list");
  if (text.includes("*")) return parsePattern(text);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return refused(withoutScheme(text));
  if (OPAQUE.has(scheme))
    return refused(
      'must have a scheme with origins: pages with this one send "null", which is never allowed',
    );
  if (scheme === "ws" || scheme === "wss")
    return refused("must be the origin of the page: write http or https instead of ws or wss");
  if (scheme !== "http" && scheme !== "https") return parseOtherScheme(text);
  const origin = serialize(text);
  if (origin === undefined) return refused(`must be ${EXAMPLE}`);
  if (origin !== text) return refused(`must be an origin as browsers send it: write "${origin}"`);
  const insecure = scheme === "http" && !isLoopback(new URL(text).hostname);
  return { text, insecure, shared: false };
}

function parsePattern(text: string): OriginEntry | Refused {
  const match = /^(https?):\/\/\*\.([^*]+)$/i.exec(text);
  if (match === null) {
    return refused(
      text.endsWith(":*")
        ? "must name its port: list one entry for each port"
        : 'must have "*" only as the whole first label, as in "https://*.example.com"',
    );
  }
  const [, scheme = "", rest = ""] = match;
  const origin = serialize(`${scheme}://x.${rest}`);
  if (origin === undefined) return refused('must be a pattern such as "https://*.example.com"');
  const pattern = origin.replace("://x.", "://*.");
  if (pattern !== text)
    return refused(`must be an origin pattern as browsers would send it: write "${pattern}"`);
  const { hostname, protocol } = new URL(origin);
  const domain = hostname.slice(2);
  if (/(?:^|\.)\d+$/.test(domain)) return refused("must not have a wildcard in an IP address");
  const insecure = protocol === "http:" && !isLocalName(domain);
  const star = text.indexOf("*");
  return {
    text,
    pattern: { before: text.slice(0, star), after: text.slice(star + 1) },
    insecure,
    shared: !isLocalName(domain) && isSharedSuffix(domain),
  };
}

/** Apps and browser extensions: `capacitor://localhost`, `chrome-extension://<id>`. */
function parseOtherScheme(text: string): OriginEntry | Refused {
  if (/^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+(?::\d{1,5})?$/.test(text))
    return { text, insecure: false, shared: false };
  return refused("must be a scheme and a host in lower case and nothing more");
}

function withoutScheme(text: string): string {
  // Only what looks like a host is printed: anything else may be a secret in the wrong place.
  if (!/^(?:localhost|(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})(?::\d{1,5})?\/?$/.test(text))
    return `must be ${EXAMPLE}`;
  const scheme = text.startsWith("localhost") ? "http" : "https";
  return `must have a scheme: write "${scheme}://${text.replace("/", "")}"`;
}

/** The origin of a URL as browsers serialise it (HTML §7.1.1), without the dot of an absolute domain name. */
function serialize(text: string): string | undefined {
  try {
    const url = new URL(text);
    if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
    return url.origin;
  } catch {
    return undefined;
  }
}
