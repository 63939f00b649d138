/** There is more of a log than can be held. */
export class LogLimitError extends Error {
  override readonly name = "LogLimitError";
}
