import type { Request } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import { parseHostEntry } from "../hosts/host-entry.js";
import type { HttpsSettings, PlaintextPolicy } from "./https-policy.js";

/** Options of what is done about requests over plain HTTP. */
export interface HttpsOptions {
  /**
   * `"hybrid"`: what a browser sends when somebody opens an `http:` address is redirected (308), everything else is
   * refused, 403 `https_required`. `"redirect"`: every GET and HEAD without content is redirected. `"reject"`: nothing
   * is. A request with a credential is never redirected. @default "hybrid"
   * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.4.9
   */
  readonly policy?: PlaintextPolicy | undefined;
  /**
   * Where redirects lead, as in `"api.example.com"` or `"api.example.com:8443"`. Required unless `policy` is
   * `"reject"`; the `Host` of a request is never used.
   */
  readonly host?: string | undefined;
  /**
   * Patterns of paths that are answered over plain HTTP, such as `"GET /healthz"` for the probes of a load balancer. Only
   * the exact spelling of a path matches.
   */
  readonly exempt?: string | readonly string[] | undefined;
  /**
   * Told of each refused request that carried a credential in plain text, so that it can be revoked. Its result is not
   * waited for, and its failure changes nothing. Not called in report mode, nor where a proxy may have ended TLS.
   */
  readonly onPlaintextCredential?: ((req: Request) => void | Promise<void>) | undefined;
}

const KEYS: OptionKeys<HttpsOptions> = {
  policy: true,
  host: "neverUndefined",
  exempt: true,
  onPlaintextCredential: "neverUndefined",
};

const TRUST_PROXY = 'write app.set("trust proxy", 1), or the networks of the proxies';

/** What express-sslify, express-enforces-ssl, koa-sslify and others call it. */
export const HTTPS_HINTS: Hints<HttpsOptions> = {
  hostname: "host",
  mode: 'write policy: "hybrid", "redirect" or "reject", and mode of secureHeaders to report only',
  except: "exempt",
  ignore: "exempt",
  exclude: "exempt",
  skipPaths: "exempt",
  trustProtoHeader: TRUST_PROXY,
  trustProxy: TRUST_PROXY,
  trustProxyHeader: TRUST_PROXY,
  trustXForwardedHostHeader: "leave it out, redirects lead to host and nowhere else",
  statusCode: "leave it out, redirects are 308",
  port: 'write it behind the host, as in "api.example.com:8443"',
};

const POLICIES = ["hybrid", "redirect", "reject"] as const satisfies readonly PlaintextPolicy[];
const EXAMPLE = '{ host: "api.example.com" }';
const OPTION = "secureHeaders.https.onPlaintextCredential";

/** Reads `https`. @returns `undefined` when it is off. Problems are noted. */
export function readHttps(reader: OptionsReader<"https">): HttpsSettings | undefined {
  const value = reader.raw("https");
  if (value === undefined || value === false) return undefined;
  if (!isPlainObject(value)) {
    const fix = value === true ? `write https: ${EXAMPLE}` : "";
    reader.problem("https", "false or an options object", fix);
    return undefined;
  }
  const own = reader.nested<HttpsOptions>("https", value, KEYS, HTTPS_HINTS, EXAMPLE);
  const policy = own.oneOf("policy", POLICIES, { default: "hybrid" });
  return {
    policy,
    origin: `https://${readHost(own, policy)}`,
    exempt: readPathPatterns(own, "exempt", "write https: false") ?? [],
    tell: readTell(own),
  };
}

function readHost(own: OptionsReader<"host">, policy: PlaintextPolicy): string {
  if (policy === "reject") {
    if (own.has("host"))
      own.note("host", 'must be left out with policy: "reject", which redirects nothing');
    return "";
  }
  const text = own.string("host", {
    required: true,
    must: 'a host such as "api.example.com", where redirects lead',
  });
  if (text === undefined) return "";
  const entry = parseHostEntry(text);
  if (isRefused(entry)) own.note("host", entry.refused);
  else if (entry.isPattern || entry.port === "*")
    own.note("host", 'must be one host, without "*": redirects lead there');
  return text;
}

function readTell(
  own: OptionsReader<"onPlaintextCredential">,
): ((req: Request) => void | Promise<void>) | undefined {
  const given = own.function<(req: Request) => unknown>("onPlaintextCredential");
  if (given === undefined) return undefined;
  return createCall<void, Request>((req) => given(req), { option: OPTION, parse: () => undefined });
}
