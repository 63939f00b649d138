import { IncomingMessage } from "node:http";

/**
 * Thrown by every factory, at start-up, when its options are wrong.
 *
 * `problems` lists all of them, each as `<factory>.<option> must be <what>, got <what it got>` with the likely
 * fix. The text never contains a secret: strings are described by their length.
 */
export class OptionsError extends TypeError {
  override readonly name: string = "OptionsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      problems.length === 1
        ? String(problems[0])
        : `${problems.length} options are wrong:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.problems = Object.freeze([...problems]);
  }
}

/**
 * Tells who mounted a factory in place of what it returns, as in `app.use(jsonBody)`: Express then calls it with the
 * request. Without this the request would end in a confusing error, or pass a factory whose arguments are all optional.
 *
 * @param first - The first argument that the factory got.
 * @param call - How it is called, for the message: `rateLimit({ limit: 100, window: "1m" })`.
 * @throws {@link OptionsError} when the argument is a request.
 */
export function assertCalled(factory: string, first: unknown, call = `${factory}(…)`): void {
  if (first instanceof IncomingMessage) {
    throw new OptionsError([
      `${factory} must be called before it is mounted: write app.use(${call})`,
    ]);
  }
}
