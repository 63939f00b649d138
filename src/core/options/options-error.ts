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
