import { writeFileSync } from "node:fs";
import { CommandError, lineOf } from "./command-error.js";

/** Writes the answer to a file. @throws CommandError when it cannot be written. */
export function writeOut(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(`${file} could not be written: ${lineOf(error)}`);
  }
}
