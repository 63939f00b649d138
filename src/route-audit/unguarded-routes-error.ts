/**
 * Thrown by `assertRoutesGuarded` and `writeBaseline`: routes of the app are open that nobody has allowed, or what allows
 * some is out of date. The message lists all problems.
 */
export class UnguardedRoutesError extends Error {
  override readonly name: string = "UnguardedRoutesError";
  /** One line for each. */
  readonly problems: readonly string[];

  /** @param advice - What to do about them, as the last line of the message. */
  constructor(problems: readonly string[], advice?: string) {
    const lines = [
      ...problems.map((line) => `  - ${line}`),
      ...(advice === undefined ? [] : [advice]),
    ];
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`${count} with the guards of the routes:\n${lines.join("\n")}`);
    this.problems = Object.freeze([...problems]);
  }
}
