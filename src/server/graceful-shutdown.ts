import { constants } from "node:os";
import { callObserver } from "../core/calls/follow.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { Connections } from "./connections/connections.js";
import type { NodeServer } from "./connections/node-server.js";
import { noteServer } from "./connections/note-server.js";
import type {
  GracefulShutdown,
  GracefulShutdownOptions,
  ShutdownState,
} from "./graceful-shutdown-options.js";
import { exitOnSignal } from "./life/exit-on-signal.js";
import type { ShutdownHook } from "./life/run-hooks.js";
import { type DrainTimes, Shutdown } from "./life/shutdown.js";
import type { Readyz } from "./readyz-options.js";

const KEYS: OptionKeys<GracefulShutdownOptions> = {
  announce: true,
  grace: true,
  closeTimeout: true,
  signals: true,
  exit: true,
  readiness: "neverUndefined",
  onDrain: true,
  onClose: true,
  onError: true,
};
/** Of stoppable, http-terminator, http-graceful-shutdown, lightship and terminus. */
export const SHUTDOWN_HINTS: Hints<GracefulShutdownOptions> = {
  timeout: "grace",
  gracePeriod: "grace",
  gracefulTerminationTimeout: "grace",
  forceExit: "leave it out, the process ends by itself when all is over",
  signal: 'write signals: ["SIGTERM"]',
  onSignal: "onClose",
  onShutdown: "onClose",
  preShutdown: "onDrain",
  finally: "onClose",
  beforeShutdown: "write announce: how long to go on, with readyz answering 503",
  healthChecks: "write readyz({ checks }) and mount it",
  readyz: "readiness",
};
const CALL = "gracefulShutdown(app.listen(3000))";
/** No process can do anything about these. */
const DEADLY: readonly string[] = ["SIGKILL", "SIGSTOP"];

interface ReadSettings {
  readonly times: DrainTimes;
  readonly signals: readonly NodeJS.Signals[];
  readonly exit: boolean;
  readonly readiness: readonly Readyz[];
  readonly onDrain: readonly ShutdownHook[];
  readonly onClose: readonly ShutdownHook[];
  readonly onError: ((error: unknown) => void) | undefined;
}

const watched = new WeakSet<NodeServer>();

/**
 * Ends a server without losing requests, on SIGTERM and SIGINT, or when `shutdown()` is called:
 *
 * 1. For `announce`, it goes on as before, but {@link readyz} answers 503, answers over HTTP/1 say `Connection: close`, and
 *    sessions of HTTP/2 get a GOAWAY, so that balancers and clients go elsewhere.
 * 2. It accepts no more connections. Idle ones are ended, requests that are under way, their heads included, are answered,
 *    and `onDrain` is called.
 * 3. When none is left, or `grace` less `closeTimeout` is over, what is left is cut off.
 * 4. The functions of `onClose` are called.
 * 5. The process ends with 0, or with 1 when something was cut off or a function failed. A second signal, later than a
 *    third of a second after the first, ends it at once with 128 and the number of the signal.
 *
 * Call it when the server is made, once for each server; servers that belong together go in one list. Under `cluster`,
 * each worker calls it, and the primary hands the signal on.
 *
 * It does not end WebSockets and event streams before the time is over: `onDrain` can. It does not tell a balancer
 * anything: that one has to ask `readyz`.
 *
 * @throws OptionsError when an option is unknown or wrong, or the server has been given to it before.
 * @see RFC 9112 §9.6, RFC 9113 §6.8
 */
export function gracefulShutdown(
  server: NodeServer | readonly NodeServer[],
  options: GracefulShutdownOptions = {},
): GracefulShutdown {
  const reader = readOptions<GracefulShutdownOptions>(
    "gracefulShutdown",
    options,
    KEYS,
    SHUTDOWN_HINTS,
    CALL,
  );
  const servers: readonly NodeServer[] = Array.isArray(server) ? [...server] : [server];
  noteServers(reader, servers);
  const settings = readSettings(reader);
  reader.finish();

  for (const one of servers) watched.add(one);
  const { times, onDrain, onClose, onError, readiness, signals, exit } = settings;
  const shutdown = new Shutdown({
    connections: servers.map((one) => Connections.of(one)),
    times,
    onDrain,
    onClose,
    onAnnounce: () => {
      for (const handler of readiness) handler.markDraining();
    },
    onError: (error) => tell(onError, error),
  });
  const ignoreSignals =
    signals.length === 0
      ? () => undefined
      : exitOnSignal({ signals, exit, end: async () => (await shutdown.run()).exitCode });
  return Object.freeze({
    get state(): ShutdownState {
      return shutdown.state;
    },
    shutdown: () => shutdown.run(),
    close(): void {
      ignoreSignals();
      if (shutdown.release()) for (const one of servers) watched.delete(one);
    },
  });
}

function noteServers(
  reader: OptionsReader<keyof GracefulShutdownOptions>,
  servers: readonly NodeServer[],
): void {
  if (servers.length === 0) {
    reader.problems.note("gracefulShutdown.server", `must be a server: write ${CALL}`);
  }
  for (const [index, one] of servers.entries()) {
    noteServer(reader.problems, "gracefulShutdown", one, CALL);
    if (watched.has(one) || servers.indexOf(one) !== index) {
      reader.problems.note(
        "gracefulShutdown.server",
        "must be given once: it is shut down by another call already",
      );
    }
  }
}

function readSettings(reader: OptionsReader<keyof GracefulShutdownOptions>): ReadSettings {
  const announce =
    reader.raw("announce") === false
      ? 0
      : reader.duration("announce", { min: "1ms", max: "1h", default: "5s" });
  const grace = reader.duration("grace", { min: "1ms", max: "1d", default: "25s" });
  const closeTimeout = reader.duration("closeTimeout", { min: "1ms", max: "1h", default: "5s" });
  if (announce + closeTimeout >= grace) {
    reader.note(
      "grace",
      "must be longer than announce and closeTimeout together, which are parts of it: nothing would be left for requests",
    );
  }
  return {
    times: { announce, requests: grace - announce - closeTimeout, hooks: closeTimeout },
    signals: readSignals(reader),
    exit: reader.boolean("exit", { default: true }),
    readiness: readReadiness(reader),
    onDrain: readHooks(reader, "onDrain"),
    onClose: readHooks(reader, "onClose"),
    onError: reader.function<(error: unknown) => void>("onError"),
  };
}

function readSignals(reader: OptionsReader<"signals">): readonly NodeJS.Signals[] {
  if (reader.raw("signals") === false) return [];
  const signals = reader.strings("signals", {
    default: ["SIGTERM", "SIGINT"],
    instead: 'write "SIGTERM"',
    check(name) {
      if (DEADLY.includes(name)) return "must be a signal that a process can react to";
      if (Object.hasOwn(constants.signals, name)) return undefined;
      const right = `SIG${name.toUpperCase().replace(/^SIG/, "")}`;
      const fix = Object.hasOwn(constants.signals, right) ? `: write "${right}"` : "";
      return `must be the name of a signal, such as "SIGTERM"${fix}`;
    },
  });
  return (signals ?? []) as readonly NodeJS.Signals[];
}

function readHooks(
  reader: OptionsReader<"onDrain" | "onClose">,
  key: "onDrain" | "onClose",
): readonly ShutdownHook[] {
  const items = reader.items(key) ?? [];
  for (const { value, note } of items) {
    if (typeof value !== "function") note(`must be a function: write ${key}: [() => pool.end()]`);
  }
  return items.map(({ value }) => value as ShutdownHook);
}

function readReadiness(reader: OptionsReader<"readiness">): readonly Readyz[] {
  const items = reader.items("readiness") ?? [];
  if (reader.has("readiness") && items.length === 0) {
    reader.note("readiness", "must not be an empty list: leave it out");
  }
  for (const { value, note } of items) {
    if (typeof (value as Partial<Readyz> | null | undefined)?.markDraining !== "function") {
      note("must be what readyz() returns, or a list of them");
    }
  }
  return items.map(({ value }) => value as Readyz);
}

function tell(onError: ((error: unknown) => void) | undefined, error: unknown): void {
  if (onError === undefined) {
    // biome-ignore lint/suspicious/noConsole: nobody else may say why the process ends badly.
    console.error(error);
    return;
  }
  callObserver(() => onError(error));
}
