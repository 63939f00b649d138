import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { currentContext, type RequestContext } from "./correlation/request-context.js";

/** What {@link childLogger} takes: winston, pino and others that make children, and the console. */
export type ParentLogger =
  | { child(...fields: never[]): unknown }
  | { info(...values: never[]): unknown };

/** What each line of a request carries. `trace_id` and its like are what OpenTelemetry calls them in logs. */
interface LineFields {
  readonly requestId: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly trace_flags: string;
}

const CONSOLE_METHODS: ReadonlySet<unknown> = new Set("debug error info log trace warn".split(" "));

/**
 * Wraps a logger of the app, so that each line that is written for a request carries `requestId`, `trace_id`, `span_id`
 * and `trace_flags`: `const log = childLogger(winston.createLogger(…))`, and `log.info("paid")` anywhere. Outside of
 * requests, and without `auditLog({ context: true })`, it is the logger itself.
 *
 * A logger with a method `child`, such as winston and pino, gets one child for each request that logs. What else has a
 * method `info`, such as the console, gets the fields as the last argument of `debug`, `error`, `info`, `log`, `trace` and
 * `warn`.
 *
 * @throws TypeError when the logger has neither.
 */
export function childLogger<Logger extends ParentLogger>(logger: Logger): Logger;
export function childLogger<Logger extends ParentLogger>(
  logger: Logger,
  _res?: unknown,
  next?: unknown,
): Logger {
  if (next !== undefined) refuseMounting("childLogger", next);
  const { child, info } = Object(logger) as Readonly<Record<string, unknown>>;
  if (typeof child === "function") return createProxy(logger, readChild(logger));
  if (typeof info === "function") return createProxy(logger, readConsole(logger));
  throw new TypeError("childLogger must be given a logger with a method child or info");
}

/** Reads a member of the logger of a request. */
type ReadMember = (context: RequestContext, name: string | symbol) => unknown;

/** One child for each request: it is forgotten with the context of the request. */
function readChild(logger: object): ReadMember {
  const children = new WeakMap<RequestContext, object>();

  return function memberOfChild(context, name) {
    let child = children.get(context);
    if (child === undefined) {
      child = makeChild(logger, context);
      children.set(context, child);
    }
    return memberOf(child, name);
  };
}

function makeChild(logger: object, context: RequestContext): object {
  try {
    const child = (logger as { child(fields: LineFields): unknown }).child(fieldsOf(context));
    if (typeof child === "object" && child !== null) return child;
  } catch {
    // A logger that is closed, or in the middle of its set-up: it says so itself when it is used.
  }
  return logger;
}

function readConsole(logger: object): ReadMember {
  return function memberOfConsole(context, name) {
    const member = memberOf(logger, name);
    if (!CONSOLE_METHODS.has(name) || typeof member !== "function") return member;
    return (...values: readonly unknown[]): unknown =>
      Reflect.apply(member, logger, [...values, fieldsOf(context)]);
  };
}

/** Stands for the logger, and for that of a request while there is one. */
function createProxy<Logger extends object>(logger: Logger, read: ReadMember): Logger {
  // A stand-in for the target: of a frozen logger, a Proxy could return nothing but its own members.
  return new Proxy(
    {},
    {
      get(_target, name) {
        const context = currentContext();
        return context === undefined ? memberOf(logger, name) : read(context, name);
      },
      set: (_target, name, value) => Reflect.set(logger, name, value),
      has: (_target, name) => Reflect.has(logger, name),
      getPrototypeOf: () => Reflect.getPrototypeOf(logger),
    },
  ) as Logger;
}

function memberOf(logger: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(logger, name, logger);
  // So that methods can be taken off: `const { info } = log`.
  return typeof value === "function" && name !== "constructor" ? value.bind(logger) : value;
}

function fieldsOf({ requestId, traceId, spanId, traceFlags }: RequestContext): LineFields {
  return { requestId, trace_id: traceId, span_id: spanId, trace_flags: traceFlags };
}
