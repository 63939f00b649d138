import type { Request } from "express";
import { adoptable } from "../core/guard/adoptable.js";
import { createGuard } from "../core/guard/guard.js";
import {
  GUARD_OPTIONS,
  type GuardOptions,
  readGivenGuardOptions,
} from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { isToken } from "../core/http/header-values.js";
import { type PeerCheck, readTrustedPeers } from "../core/http/trusted-peers.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { describeValue } from "../core/options/value.js";
import { createCallerWay, currentWay } from "../core/principal/name-caller.js";
import { createPrincipal } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import { providePrincipal } from "./provide-principal.js";

/** Options of {@link principalFrom.header}. */
export interface HeaderPrincipalOptions extends GuardOptions {
  /**
   * The field into which the gateway writes the subject, such as `"X-Authenticated-User"`. Its value is the subject,
   * unchanged: up to 256 printable ASCII characters, no comma. Required.
   */
  readonly name: string;
  /**
   * Addresses and networks of the gateways whose field counts, such as `["10.0.0.5", "fd00:12::/64"]`. They are compared
   * with the address of the connection, not with `req.ip`: forwarded addresses never count. Required.
   */
  readonly trustedPeers: string | readonly string[];
}

type Reason =
  | "principal_found"
  | "no_principal"
  | "untrusted_peer"
  | "duplicate_header"
  | "malformed_header";

const KEYS: OptionKeys<HeaderPrincipalOptions> = {
  name: true,
  trustedPeers: true,
  ...GUARD_OPTIONS,
};

/** What other packages call these options. */
export const HEADER_PRINCIPAL_HINTS: Hints<HeaderPrincipalOptions> = {
  header: "name",
  headerName: "name",
  trustProxy:
    "name the gateways in trustedPeers, by address or network: true or a number of hops would trust whoever connects",
  trustedProxies: "trustedPeers",
};

/** Fields that every client sends, or that say where a request came from: nobody has verified them. */
const UNFIT_NAMES = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "host",
  "forwarded",
  "via",
  "from",
  "origin",
  "referer",
  "user-agent",
  "connection",
  "upgrade",
  "date",
  "range",
  "traceparent",
  "tracestate",
];
const UNFIT_START =
  /^(?:accept|content|if|sec|x-forwarded|x-real-ip|x-client-ip|x-request-id)(?:-|$)/;
/** What an authenticating gateway sets although its name begins like those. */
const FIT_NAMES = ["x-forwarded-user", "x-forwarded-email", "x-forwarded-preferred-username"];

/** Printable ASCII without a comma: proxies join repeated fields with one (RFC 9110 §5.3). */
const SUBJECT = /^[\x20-\x2b\x2d-\x7e]{1,256}$/;

/**
 * Takes the subject from a field that an authenticating gateway in front of the app sets. The principal has no roles
 * and no scopes.
 *
 * From any other peer the field counts as absent, and the decision says so. From a trusted peer a repeated field or one
 * that is no subject is answered 400 `invalid_request`; an absent or empty one means nobody. The gateway must replace or
 * remove the field when a client sends it. Beside `oauthGuard({ optional: true })`, in either order, the one that finds a
 * caller counts; if both do, the answer is 400 `invalid_request`.
 *
 * @throws {@link OptionsError} when an option is missing or wrong.
 */
export function headerPrincipal(options: HeaderPrincipalOptions): Middleware {
  const reader = readOptions<HeaderPrincipalOptions>(
    "principalFrom.header",
    options,
    KEYS,
    HEADER_PRINCIPAL_HINTS,
    'principalFrom.header({ name: "X-Authenticated-User", trustedPeers: ["10.0.0.5"] })',
  );
  const name = readName(reader);
  const isTrusted = readTrustedPeers(reader, "trustedPeers", { required: true });
  const given = readGivenGuardOptions(reader);
  reader.finish();
  const own = createCallerWay("principalFrom");

  return adoptable((settings) => {
    const guard = createGuard("principalFrom", "authentication", settings);
    return guard.middleware(
      (req, res, next) => {
        const reason = judge(req, name, isTrusted);
        if (reason === "duplicate_header" || reason === "malformed_header") {
          guard.refuse(new HttpError("invalid_request"), req, res, next, { reason });
          return;
        }
        const found = reason === "principal_found";
        const principal = found ? createPrincipal({ subject: String(req.headers[name]) }) : null;
        providePrincipal(guard, currentWay(req, own), principal, req, res, next, reason);
      },
      { optional: true },
    );
  }, given);
}

function judge(req: Request, name: string, isTrusted: PeerCheck): Reason {
  const value = req.headers[name];
  if (value === undefined || value === "") return "no_principal";
  if (!isTrusted(req.socket.remoteAddress)) return "untrusted_peer";
  if (isRepeated(req, name)) return "duplicate_header";
  return typeof value === "string" && SUBJECT.test(value) ? "principal_found" : "malformed_header";
}

function readName(reader: OptionsReader<"name">): string {
  const name = reader.string("name", { required: true }) ?? "";
  if (name !== "" && !isToken(name)) {
    reader.note("name", `must be the name of a header field, got ${describeValue(name)}`);
  } else if (isUnfit(name.toLowerCase())) {
    reader.note(
      "name",
      "must be a field of its own, which the gateway sets: this one comes from the client",
    );
  }
  return name.toLowerCase();
}

function isUnfit(name: string): boolean {
  return UNFIT_NAMES.includes(name) || (UNFIT_START.test(name) && !FIT_NAMES.includes(name));
}

/** Node joins repeated fields with a comma, or drops all but the first: only the raw list shows them. */
function isRepeated(req: Request, name: string): boolean {
  let count = 0;
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    if (req.rawHeaders[index]?.toLowerCase() === name) count += 1;
  }
  return count > 1;
}
