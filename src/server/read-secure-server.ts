import { constants } from "node:crypto";
import { isUint8Array } from "node:util/types";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { describeValue, isHarmless, isPlainObject } from "../core/options/value.js";
import type {
  CredentialOptions,
  MtlsOptions,
  ReloadOptions,
  SecureServerOptions,
  TicketOptions,
} from "./secure-server-options.js";
import type { CredentialSettings } from "./tls/credentials/load-credentials.js";
import type { TrustSettings } from "./tls/credentials/load-trust.js";
import { readPem } from "./tls/credentials/read-pem.js";
import { createProfile, PROFILE_ALIASES, TLS_PROFILES } from "./tls/profile.js";
import type { SecureServerSettings } from "./tls/server-context.js";
import type { TicketSettings } from "./tls/ticket-keys.js";

/** What is read from the options of a secure server, before any certificate is looked at. */
export interface ReadSecureServer extends SecureServerSettings {
  readonly tickets: TicketSettings | undefined;
  readonly intervalMs: number | undefined;
}

const CREDENTIAL_KEYS: OptionKeys<CredentialOptions> = {
  keyFile: "neverUndefined",
  certFile: "neverUndefined",
  key: "neverUndefined",
  cert: "neverUndefined",
  passphrase: "neverUndefined",
};
/** All options of `createSecureServer`. */
export const SECURE_SERVER_KEYS: OptionKeys<SecureServerOptions> = {
  ...CREDENTIAL_KEYS,
  profile: true,
  names: "neverUndefined",
  mtls: "neverUndefined",
  reload: true,
  tickets: true,
};
const MTLS_KEYS: OptionKeys<MtlsOptions> = {
  caFile: "neverUndefined",
  ca: "neverUndefined",
  crlFile: "neverUndefined",
  crl: "neverUndefined",
  required: true,
};
const RELOAD_KEYS: OptionKeys<ReloadOptions> = { interval: true };
const TICKET_KEYS: OptionKeys<TicketOptions> = { rotate: true, secret: "neverUndefined" };

const CLIENT_CERTIFICATES = "write mtls: { caFile } where it says whose certificates count";
const OF_PROFILE = "leave it out, the profile says it";

/** What others call the options of a key and its certificate. */
export const CREDENTIAL_HINTS: Hints<CredentialOptions> = {
  certificate: "cert",
  privateKey: "key",
  keyPath: "keyFile",
  certPath: "certFile",
};
/** What Node.js and other servers call these options. */
export const SECURE_SERVER_HINTS: Hints<SecureServerOptions> = {
  ...CREDENTIAL_HINTS,
  pfx: "write keyFile and certFile in PEM: openssl pkcs12 -in server.pfx -nodes takes them out",
  ca: CLIENT_CERTIFICATES,
  requestCert: CLIENT_CERTIFICATES,
  rejectUnauthorized: CLIENT_CERTIFICATES,
  minVersion: OF_PROFILE,
  maxVersion: OF_PROFILE,
  secureProtocol: OF_PROFILE,
  ciphers: OF_PROFILE,
  ecdhCurve: OF_PROFILE,
  sni: "names",
  SNICallback: "write the certificates of more names in names",
  ticketKeys: "write tickets: { secret }, of which the keys are made",
};
/** What Node.js calls the options of `mtls`. */
export const MTLS_HINTS: Hints<MtlsOptions> = {
  requestCert: "leave it out, mtls asks for certificates",
  rejectUnauthorized:
    "leave it out, clients without a valid certificate are refused; required: false lets them connect",
};
/** What others call the options of `reload` and `tickets`. */
export const RELOAD_HINTS: Hints<ReloadOptions> = {
  intervalMs: 'write interval as a duration, such as "60s"',
};
export const TICKET_HINTS: Hints<TicketOptions> = {
  keys: "write secret, of which the keys are made",
  rotation: "rotate",
};

const CREDENTIALS_EXAMPLE = '{ keyFile: "privkey.pem", certFile: "fullchain.pem" }';
const SECRET_BYTES = 32;
/** One label, and the wildcard as the whole first one (RFC 9525 §6.3). */
const HOST_NAME =
  /^(?:\*\.)?(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

type Key = keyof SecureServerOptions;

/** Reads the options; what is wrong is noted. `undefined` when key or certificate is missing. */
export function readSecureServer(reader: OptionsReader<Key>): ReadSecureServer | undefined {
  const profile = reader.oneOf("profile", TLS_PROFILES, {
    default: "intermediate",
    aliases: PROFILE_ALIASES,
  });
  const main = readCredentials(reader, undefined);
  const names = readNames(reader);
  const mtls = readMtls(reader);
  const tickets = readTickets(reader);
  const intervalMs = readReload(reader, usesFiles([main, ...names.values()], mtls));
  if (main === undefined) return undefined;
  const options = createProfile(profile);
  const secureOptions =
    options.secureOptions | (tickets === undefined ? constants.SSL_OP_NO_TICKET : 0);
  return {
    profile: Object.freeze({ ...options, secureOptions }),
    main,
    names,
    mtls,
    tickets,
    intervalMs,
  };
}

function readCredentials(
  reader: OptionsReader<keyof CredentialOptions>,
  name: string | undefined,
): CredentialSettings | undefined {
  const key = readPem(reader, "keyFile", "key", true);
  const cert = readPem(reader, "certFile", "cert", true);
  const passphrase = reader.string("passphrase");
  return key && cert && { key, cert, passphrase, name };
}

function readNames(reader: OptionsReader<Key>): ReadonlyMap<string, CredentialSettings> {
  const names = new Map<string, CredentialSettings>();
  const given = reader.raw("names");
  if (given === undefined) return names;
  if (!isPlainObject(given) || Object.keys(given).length === 0) {
    const example = `{ "api.example.com": ${CREDENTIALS_EXAMPLE} }`;
    reader.problem("names", "an object with a host name for each certificate", `write ${example}`);
    return names;
  }
  for (const [index, name] of Object.keys(given).entries()) {
    if (!HOST_NAME.test(name)) {
      const must =
        'must have host names in lower case, such as "api.example.com" or "*.example.com"';
      reader.note("names", `${must}, got ${describeValue(name)}`);
      continue;
    }
    // What has no dot may be a secret in the wrong place.
    const isPrinted = name.includes(".") || name === "localhost" || isHarmless(name);
    const at = `names[${isPrinted ? JSON.stringify(name) : index}]` as "names";
    const nested = reader.nested<CredentialOptions>(
      at,
      given[name],
      CREDENTIAL_KEYS,
      CREDENTIAL_HINTS,
      CREDENTIALS_EXAMPLE,
    );
    const credentials = readCredentials(nested, name);
    if (credentials !== undefined) names.set(name, credentials);
  }
  return names;
}

function readMtls(reader: OptionsReader<Key>): TrustSettings | undefined {
  const mtls = reader.object<MtlsOptions>(
    "mtls",
    MTLS_KEYS,
    MTLS_HINTS,
    '{ caFile: "clients-ca.pem" }',
  );
  if (mtls === undefined) return undefined;
  const ca = readPem(mtls, "caFile", "ca", true);
  const crl = readPem(mtls, "crlFile", "crl", false);
  const required = mtls.boolean("required", { default: true });
  return ca && { ca, crl, required };
}

function readTickets(reader: OptionsReader<Key>): TicketSettings | undefined {
  if (reader.raw("tickets") === false) return undefined;
  const tickets = reader.nested<TicketOptions>(
    "tickets",
    reader.has("tickets") ? reader.raw("tickets") : {},
    TICKET_KEYS,
    TICKET_HINTS,
    '{ rotate: "12h" }, or false',
  );
  const rotateMs = tickets.duration("rotate", { min: "1m", max: "7d", default: "12h" });
  return { rotateMs, secret: readSecret(tickets) };
}

function readSecret(tickets: OptionsReader<keyof TicketOptions>): Buffer | undefined {
  const given = tickets.raw("secret");
  if (given === undefined) return undefined;
  const bytes = isUint8Array(given) ? given : typeof given === "string" ? Buffer.from(given) : [];
  if (bytes.length >= SECRET_BYTES) {
    if (typeof given === "string") tickets.string("secret");
    return Buffer.from(bytes);
  }
  const fix = `what node -p "crypto.randomBytes(32).toString('base64')" prints is one`;
  tickets.problem("secret", `a string or Buffer of at least ${SECRET_BYTES} bytes`, fix);
  return undefined;
}

function readReload(reader: OptionsReader<Key>, files: boolean): number | undefined {
  const given = reader.raw("reload");
  if (given === false) return undefined;
  const reload = reader.nested<ReloadOptions>(
    "reload",
    given === undefined ? {} : given,
    RELOAD_KEYS,
    RELOAD_HINTS,
    '{ interval: "60s" }, or false',
  );
  const interval = reload.duration("interval", { min: "1s", max: "1d", default: "60s" });
  if (files) return interval;
  if (given !== undefined)
    reader.note("reload", "must be left out without files: nothing changes by itself");
  return undefined;
}

function usesFiles(
  credentials: readonly (CredentialSettings | undefined)[],
  mtls: TrustSettings | undefined,
): boolean {
  const sources = credentials.flatMap((one) => [one?.key, one?.cert]);
  return [...sources, mtls?.ca, mtls?.crl].some((source) => source?.file !== undefined);
}
