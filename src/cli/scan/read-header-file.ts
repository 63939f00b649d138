import { readText, TextLimitError } from "../../core/files/read-text.js";
import { isToken } from "../../core/http/header-values.js";
import { escapeMarkup } from "../../route-audit/formats/escape.js";
import { CommandError, lineOf } from "../terminal/command-error.js";
import type { Credentials } from "./client/probe-client.js";

const MAX_BYTES = 1024 * 1024;
/** Those of the connection and of the request line belong to the scan. */
const OWN = ["host", "connection", "content-length", "transfer-encoding", "origin", "expect"];

/**
 * Reads fields of a request, one on each line: `Authorization: Bearer …`. They stand in a file, because arguments stand in
 * the list of processes and in the history of the shell.
 *
 * @throws CommandError that names the line, and nothing of what stands there.
 */
export function readHeaderFile(file: string): Credentials {
  const headers: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [index, line] of read(file).split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const [, name = "", value = ""] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    const place = `line ${index + 1} of ${file}`;
    if (!isToken(name) || !/^[\x20-\x7e]+$/.test(value)) {
      throw new CommandError(`${place} is no header field: write Name: value`);
    }
    if (OWN.includes(name.toLowerCase())) {
      throw new CommandError(`${place} must not set ${name}: the scan does`);
    }
    if (Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase())) {
      throw new CommandError(`${place} sets ${name} again, and only one would be sent`);
    }
    headers[name] = value;
    secrets.push(...secretsOf(value));
  }
  if (secrets.length === 0) throw new CommandError(`${file} is empty: is a variable missing?`);
  // The longest first, so that no part of one remains.
  const spellings = [...new Set(secrets.flatMap(spellingsOf))];
  return { headers, secrets: spellings.toSorted((one, other) => other.length - one.length) };
}

/** The value and what it is made of; of HTTP authentication (RFC 7617) the password as well. */
function secretsOf(value: string): readonly string[] {
  const parts = [value, ...value.split(/[\s;,]+/), ...value.split(/[\s;,=]+/)];
  const [, encoded] = /^basic +(\S+)$/i.exec(value) ?? [];
  if (encoded === undefined) return parts;
  const pair = Buffer.from(encoded, "base64").toString();
  return [...parts, pair, pair.slice(pair.indexOf(":") + 1)];
}

/** As servers repeat a text: in a URL, read from one, in JSON, in a page. */
function spellingsOf(secret: string): readonly string[] {
  const written = [secret, encodeURIComponent(secret), decode(secret)];
  return written.flatMap((one) => [one, JSON.stringify(one).slice(1, -1), escapeMarkup(one)]);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function read(file: string): string {
  try {
    return readText(file, { maxBytes: MAX_BYTES });
  } catch (error) {
    if (error instanceof TextLimitError) throw new CommandError(`${file} ${error.message}`);
    throw new CommandError(`${file} could not be read: ${lineOf(error)}`);
  }
}
