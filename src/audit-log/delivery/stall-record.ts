/** The record that says to all sinks that one does not answer any more, or does again: the arguments of `say`. */
export function stallRecord(
  sink: string,
  position: number,
  stalled: boolean,
  lost: number,
): readonly [
  "log_stalled" | "log_recovered",
  {
    readonly "audit.lost.count": number;
    readonly "audit.sink.name": string;
    readonly "audit.sink.position": number;
  },
] {
  const fields = {
    "audit.lost.count": lost,
    "audit.sink.name": sink,
    "audit.sink.position": position,
  };
  return [stalled ? "log_stalled" : "log_recovered", fields];
}
