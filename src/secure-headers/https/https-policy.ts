import type { Request } from "express";
import { overridesMethod } from "../../core/http/first-party.js";
import { opens, type PathPattern } from "../../core/http/path-pattern.js";
import { hasContent } from "../../core/http/request-body.js";
import { hasPlaintextCredential } from "./plaintext-credential.js";
import { mayHaveBeenTls } from "./tls-claim.js";

/** What is redirected: what browsers open, every GET and HEAD, or nothing. */
export type PlaintextPolicy = "hybrid" | "redirect" | "reject";

/** The `https` option, read. */
export interface HttpsSettings {
  readonly policy: PlaintextPolicy;
  /** Where redirects lead. */
  readonly origin: string;
  readonly exempt: readonly PathPattern[];
  /** The app's function. @throws FunctionFailure, or a promise that is rejected with one */
  readonly tell: ((req: Request) => void | Promise<void>) | undefined;
}

/** What is to be done about a request over plain HTTP. */
export interface PlaintextVerdict {
  readonly reason:
    | "plain_http"
    | "plaintext_credential"
    | "redirected_to_https"
    | "tls_not_confirmed";
  /** With `redirected_to_https`. */
  readonly location?: string;
}

const PLAIN: PlaintextVerdict = Object.freeze({ reason: "plain_http" });
const CREDENTIAL: PlaintextVerdict = Object.freeze({ reason: "plaintext_credential" });
const NOT_CONFIRMED: PlaintextVerdict = Object.freeze({ reason: "tls_not_confirmed" });

/** What `Accept` of a browser says when somebody opens an address. */
const PAGE = /(?:^|[,\s])(?:text\/html|application\/xhtml\+xml)\s*(?:[;,]|$)/i;
/** The scheme and the authority of a request target in absolute form (RFC 9112 §3.2.2). */
const AUTHORITY = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/**
 * What is to be done about the request; `undefined` when it came over TLS, as `req.secure` and so `trust proxy` say, or
 * its path is exempt.
 *
 * Where TLS may have ended in front of a proxy that Express does not trust, nothing is redirected: the browser would come
 * back the same way, without end.
 */
export function judgePlaintext(
  settings: HttpsSettings,
  req: Request,
): PlaintextVerdict | undefined {
  if (req.secure || settings.exempt.some((pattern) => opens(pattern, req))) return undefined;
  if (mayHaveBeenTls(req)) return NOT_CONFIRMED;
  if (hasPlaintextCredential(req)) return CREDENTIAL;
  if (!isRedirected(settings.policy, req)) return PLAIN;
  const path = targetOf(req);
  if (path === undefined) return PLAIN;
  return { reason: "redirected_to_https", location: settings.origin + path };
}

function isRedirected(policy: PlaintextPolicy, req: Request): boolean {
  if (policy === "reject" || (req.method !== "GET" && req.method !== "HEAD")) return false;
  if (hasContent(req) || overridesMethod(req)) return false;
  return policy === "redirect" || isNavigation(req);
}

/** Over plain HTTP, browsers send no `Sec-Fetch-Mode`. Scripts send neither of these unless they say so. */
function isNavigation({ headers }: Request): boolean {
  if (headers.origin !== undefined || headers["x-requested-with"] !== undefined) return false;
  return headers["upgrade-insecure-requests"] === "1" || PAGE.test(headers.accept ?? "");
}

/**
 * The path and the query, as they may stand in `Location`: behind an authority no slash or backslash leads elsewhere, and
 * what is no character of a URL is encoded.
 */
function targetOf({ originalUrl }: Request): string | undefined {
  const target = originalUrl.replace(AUTHORITY, "");
  const path = target === "" || target.startsWith("?") ? `/${target}` : target;
  if (!path.startsWith("/")) return undefined;
  return path.replaceAll(/[^\x21-\x7e]|["#<>\\^`{|}]/gu, (character) => {
    // Node.js reads the bytes of a request target as Latin-1.
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
    return encodeURIComponent(Buffer.from(character).toString());
  });
}
