/** Something that keeps the command from an answer. Its message is one line, without a full stop at its end. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** Longer lines help nobody, and fill the logs of a build. */
const MAX_LENGTH = 1000;

/** What was thrown, in one line. Whatever it is: an app may throw what cannot even be turned into text. */
export function lineOf(error: unknown): string {
  try {
    return error instanceof CommandError ? error.message : cut(describe(error));
  } catch {
    return "what was thrown cannot be shown";
  }
}

/** Of what does not parse, the stack begins with the file and the line. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return firstLine(String(error));
  const stack: unknown = error.stack;
  const [place = ""] = typeof stack === "string" ? stack.split("\n", 1) : [];
  const where = error instanceof SyntaxError && /:\d+$/.test(place) ? ` (${place})` : "";
  return `${error.name}: ${messageOf(error)}${where}`;
}

/** One that holds others, as that of a refused connection does, may say nothing by itself. */
function messageOf(error: Error): string {
  const line = firstLine(String(error.message));
  const [inner]: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return line === "" && inner !== undefined ? lineOf(inner) : line;
}

function firstLine(text: string): string {
  return /\S[^\n]*/.exec(text)?.[0].trim() ?? "";
}

function cut(line: string): string {
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
