/** What the codes of the operating system mean for somebody who named a file. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "may not be read by this user",
  EISDIR: "is a directory: name its files",
  EMFILE: "cannot be opened: this process has too many open files",
  ENOENT: "does not exist",
  EPERM: "may not be read by this user",
};

/** A log file that cannot be read at all. Its message is one line, without a full stop at its end. */
export class LogFileError extends Error {
  override readonly name = "LogFileError";

  constructor(file: string, cause: unknown) {
    super(`${file} ${meaningOf(cause)}`, { cause });
  }
}

function meaningOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  const known = typeof code === "string" ? MEANINGS[code] : undefined;
  return known ?? `cannot be read (${String(code ?? "unknown error")})`;
}
