// Of the process, because logs share the end of a turn.
const held: (() => void)[] = [];
let holds = 0;

/** Keeps all {@link afterHold} calls back until as many calls of {@link releaseCalls}: one may end the process. */
export function holdCalls(): void {
  holds += 1;
}

/** Makes the calls that were held, when nobody holds them any more. */
export function releaseCalls(): void {
  holds -= 1;
  if (holds > 0 || held.length === 0) return;
  for (let call = held.shift(); call !== undefined; call = held.shift()) call();
}

/** Calls at once, or when nobody holds calls any more. The function must not throw. */
export function afterHold(call: () => void): void {
  if (holds > 0) held.push(call);
  else call();
}
