/**
 * Thrown by every factory, at start-up, when its options are wrong.
 *
 * `problems` lists all of them, each as `<factory>.<option> must be <what>, got <what it got>` with the likely fix.
 *
 * The text can go to a log: a secret in the wrong place is not printed. Strings, and the names of unknown options, are
 * described by their length. Printed are: what has fewer than eight characters, true and false, numbers where a number
 * is expected, durations and sizes, what is spelt almost like a name that the factory knows, names that other packages
 * use, and under `cors.origins` scheme and host, which every browser sends.
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
