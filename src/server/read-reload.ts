import type { OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import type { ReloadedCredentials } from "./secure-server-options.js";
import type { MainCredentials } from "./tls/certificate-watch.js";
import type { CredentialSettings } from "./tls/credentials/load-credentials.js";
import { readText } from "./tls/credentials/read-pem.js";

const KEYS: OptionKeys<ReloadedCredentials> = {
  key: "neverUndefined",
  cert: "neverUndefined",
  passphrase: "neverUndefined",
};

/**
 * Reads what `server.reload()` gets.
 *
 * @param main - What the server was created with.
 * @throws OptionsError when it is wrong, or the server reads files.
 */
export function readReplacement(next: unknown, main: CredentialSettings): MainCredentials {
  const reader = readOptions<ReloadedCredentials>("server.reload", next ?? null, KEYS);
  const ofFiles = main.key.file !== undefined || main.cert.file !== undefined;
  if (ofFiles) reader.note("", "must be called without options: the server reads its files again");
  const key = ofFiles ? undefined : readText(reader, "key")?.pem;
  const cert = ofFiles ? undefined : readText(reader, "cert")?.pem;
  const passphrase = reader.string("passphrase");
  reader.finish();
  return { key: key ?? "", cert: cert ?? "", passphrase };
}
