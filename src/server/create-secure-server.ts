import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { TLSSocket } from "node:tls";
import { isInTime } from "../core/http/certificates/client-certificate.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertNoMiddleware } from "../core/options/uncalled-factory.js";
import { describeValue } from "../core/options/value.js";
import { readReplacement } from "./read-reload.js";
import {
  type ReadSecureServer,
  readSecureServer,
  SECURE_SERVER_HINTS,
  SECURE_SERVER_KEYS,
} from "./read-secure-server.js";
import type { ReloadedCredentials, SecureServerOptions } from "./secure-server-options.js";
import { CertificateWatch, type TlsReload } from "./tls/certificate-watch.js";
import { type PemTexts, readPemTexts } from "./tls/credentials/pem-source.js";
import { buildContext, type ServerContext, sourcesOf } from "./tls/server-context.js";
import { TicketKeys } from "./tls/ticket-keys.js";

/** An `https.Server` whose certificates can change while it runs. */
export interface SecureServer extends Server {
  /**
   * Reads all files again now, or takes the key and certificate of `next`, for servers that were created with `key` and
   * `cert`. New connections get the new certificate; those that are open stay. All else stays as it was: profile,
   * client authorities, tickets.
   *
   * Rejects with an `OptionsError` that names all problems; the old certificates stay in use then.
   */
  reload(next?: ReloadedCredentials): Promise<TlsReload>;
}

const CALL =
  'createSecureServer(app, { keyFile: "privkey.pem", certFile: "fullchain.pem" }).listen(443)';

/**
 * Creates an HTTPS server for the app: forward secrecy only, certificates that are renewed while it runs, and client
 * certificates if you ask for them. It is an `https.Server` of Node.js: call `listen()` and `close()` on it.
 *
 * At start it refuses what no client would accept: a key that does not belong to the certificate, an expired one or one of an expired issuer, one
 * that is not valid yet, weak keys (RSA under 2,048 bits, curves other than P-256 and P-384) and signatures (SHA-1, MD5).
 * Afterwards it looks at the content of the files every 60 seconds, and takes new ones only when all of them are good;
 * else the old ones stay, with a process warning and an event on the diagnostics channel `express-secure-api:tls`. The
 * keys of session tickets are replaced every 12 hours.
 *
 * It serves HTTP/1.1 only, because Express does not speak HTTP/2. It does not set time limits for requests
 * (`hardenServer` does), does not staple OCSP answers, and does not check whether clients trust the certificate.
 *
 * @throws OptionsError when an option is unknown, missing or wrong, or a certificate cannot be used.
 * @see RFC 9325
 * @see https://wiki.mozilla.org/Security/Server_Side_TLS
 */
export function createSecureServer(
  app: RequestListener,
  options: SecureServerOptions,
): SecureServer {
  assertNoMiddleware("createSecureServer", app, CALL);
  const reader = readOptions<SecureServerOptions>(
    "createSecureServer",
    options ?? {},
    SECURE_SERVER_KEYS,
    SECURE_SERVER_HINTS,
    CALL,
  );
  if (typeof app !== "function")
    reader.note("", `must get the app first, got ${describeValue(app)}: write ${CALL}`);
  const settings = readSecureServer(reader);
  const texts: PemTexts = settings ? readPemTexts(sourcesOf(settings)) : new Map();
  const context = settings && buildContext(settings, texts, reader.problems, Date.now());
  reader.finish();
  if (settings === undefined || context === undefined) throw new Error("noted above");
  return serve(app, settings, texts, context);
}

function refuseExpired(socket: TLSSocket): void {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || !isInTime(certificate)) socket.destroy();
}

function serve(
  app: RequestListener,
  settings: ReadSecureServer,
  texts: PemTexts,
  context: ServerContext,
): SecureServer {
  const { profile, tickets, mtls, intervalMs, main } = settings;
  const keys = tickets && new TicketKeys(tickets, context.trustDigest);
  const watch = new CertificateWatch(settings, context, texts, keys, intervalMs);
  const server = createServer(
    {
      ...context.options,
      handshakeTimeout: profile.handshakeTimeout,
      requestCert: mtls !== undefined,
      rejectUnauthorized: mtls?.required === true,
      ...(keys && { ticketKeys: keys.under(context.trustDigest) }),
      // Without a context of its own, a name gets that of the server.
      SNICallback: (name, done) => done(null, watch.contextFor(name)),
    },
    app,
  );
  // The handshake has looked at the time, but not where a session is resumed.
  if (mtls?.required === true) server.prependListener("secureConnection", refuseExpired);
  server.on("listening", () => watch.start(server)).on("close", () => watch.stop());
  return Object.assign(server, {
    reload: async (...given: [next?: ReloadedCredentials]) => {
      // A secret that could not be fetched is not the same as no argument.
      const [next] = given;
      const isMeant = given.length > 0 && (next !== undefined || main.key.file === undefined);
      return await watch.reload(server, isMeant ? readReplacement(next, main) : undefined);
    },
  });
}
