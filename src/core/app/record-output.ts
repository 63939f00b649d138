/** Of the process, because the command and the app that it loads may be two copies of this package. */
const ANSWERING = Symbol.for("express-secure-api.answering/1");

const STDOUT = 1;
const STDERR = 2;

/** Says that the standard output holds the answer of a command: what is not the answer must not stand in it. */
export function keepStdoutForAnswer(): void {
  Object.defineProperty(process, ANSWERING, { value: true });
}

/** The descriptor that records are written to. */
export function recordOutput(): number {
  return (process as { readonly [ANSWERING]?: unknown })[ANSWERING] === true ? STDERR : STDOUT;
}
