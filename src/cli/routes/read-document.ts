import { readText, TextLimitError } from "../../core/files/read-text.js";
import { problemOfDocument } from "../../route-audit/openapi/openapi-check.js";
import { CommandError, lineOf } from "../terminal/command-error.js";

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads the app's own OpenAPI document.
 *
 * @throws CommandError when the file is missing, too large, no JSON or no such document.
 */
export function readDocument(file: string): unknown {
  let document: unknown;
  try {
    const text = readText(file, { maxBytes: MAX_BYTES });
    if (/\.ya?ml$/i.test(file) || !/^\s*[[{]/.test(text)) {
      throw new CommandError(`${file} is not JSON: convert it to JSON, YAML is not read`);
    }
    document = JSON.parse(text);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof TextLimitError) throw new CommandError(`${file} ${error.message}`);
    throw new CommandError(`${file} could not be read: ${lineOf(error)}`);
  }
  const problem = problemOfDocument(document);
  if (problem !== undefined) throw new CommandError(`${file} ${problem}`);
  return document;
}
