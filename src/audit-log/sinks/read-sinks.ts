import type { OptionsReader } from "../../core/options/options-reader.js";
import type { AuditSink } from "./audit-sink.js";
import { DirectTransport } from "./direct-transport.js";
import { stdoutSink } from "./stdout-sink.js";

/**
 * The sinks of ours that a log of this process has. Each tells one log what it lost and what becomes of its file, and is
 * closed with it. Of the process, because nothing else is common to two logs.
 */
const taken = new WeakSet<DirectTransport>();

/**
 * Checks the option `sinks`.
 *
 * @returns A function that gives the sinks. The default one is made only when it is called, when all options are right.
 */
export function readSinks(
  reader: OptionsReader<"sinks" | "onFailure">,
  onFailure: string,
): () => readonly AuditSink[] {
  const value = reader.raw("sinks");
  if (value === undefined) return () => [stdoutSink()];
  if (!Array.isArray(value) || value.length === 0) {
    reader.problem(
      "sinks",
      "a non-empty list of sinks",
      isTransport(value)
        ? "write sinks: [sink]"
        : typeof value === "function"
          ? "call it, as in sinks: [stdoutSink()]"
          : "",
    );
    return () => [];
  }
  // The list is read once: what is checked is what is used.
  const items = reader.items("sinks") ?? [];
  const sinks: readonly unknown[] = Object.freeze(items.map((item) => item.value));
  items.forEach(({ value: sink, note }, index) => {
    const fault =
      faultOf(sink) ??
      (sinks.indexOf(sink) === index ? undefined : "must not repeat an earlier entry");
    if (fault !== undefined) note(fault);
  });
  if (onFailure !== "continue" && !sinks.some((sink) => sink instanceof DirectTransport)) {
    reader.note(
      "onFailure",
      `can be "${onFailure}" only with a stdoutSink or fileSink: others do not tell whether they wrote`,
    );
  }
  return () => {
    for (const sink of sinks) if (sink instanceof DirectTransport) taken.add(sink);
    return sinks as readonly AuditSink[];
  };
}

/** @returns What is wrong with the sink, as the rest of a sentence. */
function faultOf(sink: unknown): string | undefined {
  if (isTaken(sink))
    return "must not be the sink of another audit log, open or closed: make one for each";
  if (typeof sink === "function")
    return "must be a sink, got a function: call it, as in stdoutSink() or fileSink({ path })";
  if (isLogger(sink))
    return "must be stdoutSink(), fileSink({ path }) or a winston transport, got a winston logger: give its transports";
  if (!isTransport(sink))
    return "must be stdoutSink(), fileSink({ path }) or a winston transport (an object with log())";
  if (sink.level !== undefined) return "must not have a level: it would leave records out";
  if (sink.silent === true) return "must not be silent";
  if (sink.parent !== undefined && sink.parent !== null)
    return "must not belong to a winston logger: make one for auditLog";
  return undefined;
}

function isTaken(value: unknown): boolean {
  return value instanceof DirectTransport && taken.has(value);
}

/** A logger is a stream with log(), too, but it has transports of its own. */
function isLogger(value: unknown): boolean {
  const { add, transports } = Object(value) as Record<string, unknown>;
  return typeof add === "function" && Array.isArray(transports);
}

function isTransport(value: unknown): value is AuditSink & { readonly parent?: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const { log, on, end } = value as Record<string, unknown>;
  return typeof log === "function" && typeof on === "function" && typeof end === "function";
}
