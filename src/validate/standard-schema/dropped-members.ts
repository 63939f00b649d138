import { isPlainObject } from "../../core/options/value.js";
import { type Issue, MAX_ISSUES } from "../issues/issue.js";

/**
 * The members that the input has and the output lacks. Most libraries strip what a schema does not name, silently:
 * this finds it without knowing the schema. Values that are no plain objects and lists any more are not followed.
 */
export function findDropped(input: unknown, output: unknown): readonly Issue[] {
  const found: Issue[] = [];
  collect(input, output, [], found);
  return found;
}

/** Recursive: the input has passed the structural check, so it is not deep. */
function collect(input: unknown, output: unknown, path: readonly string[], found: Issue[]): void {
  if (input === output || found.length >= MAX_ISSUES) return;
  if (Array.isArray(input)) {
    if (!Array.isArray(output) || output.length !== input.length) return;
    input.forEach((item, index) => {
      collect(item, output[index], [...path, String(index)], found);
    });
    return;
  }
  if (!isPlainObject(input) || !isPlainObject(output)) return;
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(output, name)) collect(input[name], output[name], [...path, name], found);
    else if (input[name] !== undefined) found.push({ path, code: "unknown_field", name });
  }
}
