/** Something that keeps the command from an answer. Its message is one line, without a full stop at its end. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** What was thrown, in one line. Of what does not parse, the stack begins with the file and the line. */
export function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return firstLine(String(error));
  const [place = ""] = (error.stack ?? "").split("\n", 1);
  const where = error instanceof SyntaxError && /:\d+$/.test(place) ? ` (${place})` : "";
  return firstLine(`${error.name}: ${error.message}`) + where;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.trim() ?? "";
}
