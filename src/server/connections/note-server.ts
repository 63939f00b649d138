import type { ProblemList } from "../../core/options/problem-list.js";
import { assertNoMiddleware } from "../../core/options/uncalled-factory.js";
import { describeValue } from "../../core/options/value.js";
import { protocolOf } from "./node-server.js";

/**
 * Notes it when the value is no server that Node has made.
 *
 * @param call - What to write: `hardenServer(app.listen(3000))`.
 * @throws OptionsError at once when it is a request: somebody mounted the function.
 */
export function noteServer(
  problems: ProblemList,
  name: string,
  value: unknown,
  call: string,
): void {
  assertNoMiddleware(name, value, call);
  if (protocolOf(value) !== undefined) return;
  const what = typeof value === "function" ? "an app or another function" : describeValue(value);
  problems.note(
    `${name}.server`,
    `must be a server of node:http, node:https or node:http2, got ${what}: write ${call}`,
  );
}
