import type { LineFault } from "./lines/record-line.js";

const REASONS: Readonly<Record<Exclude<LineFault, "schema" | "record_id">, string>> = {
  control_character: "a control character stands in a string",
  cut: "its end is missing",
  duplicate_key: "a name stands in it twice, of which readers take different ones",
  encoding: "it is not UTF-8",
  escape: "a character is escaped that needs none, or in another way",
  key_order: "its names are in another order",
  members: "the members of the chain are missing or malformed",
  nested: "it is nested deeper than any record",
  number: "a number is written in another way",
  syntax: "it is no JSON",
  white_space: "there is white space between its parts",
};

/** Why a line is not as a log writes it. */
export function faultText(fault: LineFault, number: number): string {
  if (fault === "record_id") {
    return `record ${number} contradicts itself: the id of the record names another stream or number than the chain`;
  }
  const reason = REASONS[fault as keyof typeof REASONS];
  return `record ${number} is not as the log writes records: ${reason}`;
}

/** The same of a line that is no record any more. */
export function unreadableText(fault: keyof typeof REASONS): string {
  return `this line cannot be read as a record: ${REASONS[fault]}`;
}
