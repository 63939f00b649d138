import { type IncomingMessage, type ServerResponse, validateHeaderValue } from "node:http";

/** What a middleware did to the headers of a response. */
export interface RecordedHeaders {
  readonly set: ReadonlyMap<string, string>;
  readonly removed: ReadonlySet<string>;
}

type HeaderMiddleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Runs a header middleware once, at start-up, and notes what it does, so that no request has to run it again.
 *
 * The request holds `request` and nothing else, the response knows headers only. A middleware that looks at anything
 * else decides per request: what it did once would then be wrong for every other request.
 *
 * @throws Error when the middleware reads or calls anything else, fails, or does not finish at once.
 */
export function recordHeaders(middleware: HeaderMiddleware, request: object): RecordedHeaders {
  const set = new Map<string, string>();
  const removed = new Set<string>();
  let finished = false;
  const response = {
    getHeader: (name: string) => set.get(name),
    setHeader: (name: string, value: unknown) => {
      // What Node would refuse on every response must fail here.
      validateHeaderValue(name, String(value));
      set.set(name, String(value));
    },
    removeHeader: (name: string) => void removed.add(name),
  };
  middleware(closed<IncomingMessage>(request), closed<ServerResponse>(response), (error) => {
    if (error !== undefined) throw error;
    finished = true;
  });
  if (!finished) throw new Error("its headers are not known at start-up");
  return { set, removed };
}

function closed<T extends object>(members: object): T {
  const handler: ProxyHandler<object> = {
    get(target, name) {
      if (Object.hasOwn(target, name)) return Reflect.get(target, name);
      throw new Error(`its headers depend on the request (${String(name)})`);
    },
    set(_target, name) {
      throw new Error(`it changes the request or the response (${String(name)})`);
    },
  };
  return new Proxy(members, handler) as T;
}
