import { readFileSync } from "node:fs";
import { problemOfDocument } from "../route-audit/openapi/openapi-check.js";
import { CommandError, lineOf } from "./command-error.js";

/**
 * Reads the app's own OpenAPI document.
 *
 * @throws CommandError when the file is missing, no JSON or no such document.
 */
export function readDocument(file: string): unknown {
  let document: unknown;
  try {
    const text = readFileSync(file, "utf8");
    if (/\.ya?ml$/i.test(file) || !/^\s*[[{]/.test(text)) {
      throw new CommandError(`${file} is not JSON: convert it to JSON, YAML is not read`);
    }
    document = JSON.parse(text);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${file} could not be read: ${lineOf(error)}`);
  }
  const problem = problemOfDocument(document);
  if (problem !== undefined) throw new CommandError(`${file} ${problem}`);
  return document;
}
