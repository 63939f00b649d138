import type { Request } from "express";
import { type Layer, layersOf, ownLayers, stackOf } from "../core/app/app-layers.js";
import { createMountCheck } from "../core/app/mount-check.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { PathPattern } from "../core/http/path-pattern.js";
import { hasPrincipalSource } from "../core/principal/principal.js";
import { warnBehindReport } from "../rate-limit/policies/charges.js";
import { type TellUnused, warnOfUnusedRows } from "./unused-rows.js";

/** Those of express-session, cookie-session, cookie-parser and passport, by the names that the packages give them. */
const SESSION_LAYERS: readonly unknown[] = [
  "session",
  "_cookieSession",
  "cookieParser",
  "initialize",
  "authenticate",
];

/** What this library itself says to mount in front: it answers by itself, and tells nobody anything. */
const FRONT_HANDLERS: readonly unknown[] = [
  "reportCollectorMiddleware",
  "livezMiddleware",
  "readyzMiddleware",
];

/** What of the options can only be judged when the first request comes. */
interface CheckedSettings {
  /** Patterns of routes, which are absolute. */
  readonly patterns: readonly PathPattern[];
  /** Whether an enforcing limit counts by principal, and all that says who calls in the preset only reports. */
  readonly triesCaller: boolean;
  /** Set where there is a table of routes that reports: gets the patterns that cover no route. */
  readonly tellUnused: TellUnused | undefined;
  /** Whether the preset needs what makes sessions, which stands in front of it. */
  readonly needsSession: boolean;
}

/**
 * Looks at the app once, at the first request, and warns (`process.emitWarning`) about layers that run before the
 * preset, which it cannot protect, about a missing error handler, and about options that have no effect where the preset
 * is mounted.
 */
export function createSetupCheck({
  patterns,
  triesCaller,
  tellUnused,
  needsSession,
}: CheckedSettings): (req: Request, preset: Middleware) => void {
  const checkMount = createMountCheck(
    "secureApi",
    patterns.map((pattern) => [pattern]),
  );
  const expected = needsSession ? SESSION_LAYERS : [];
  let done = false;
  return function checkSetup(req, preset) {
    checkMount(req);
    if (done) return;
    done = true;
    if (tellUnused !== undefined) warnOfUnusedRows(req, tellUnused);
    if (triesCaller && !hasPrincipalSource(req)) warnBehindReport(req);
    const layers = layersOf(req.app);
    const place = layers.findIndex((layer) => layer.handle === preset);
    // Inside a router of its own the preset is not among the layers of the app: nothing can be said.
    if (place === -1) return;
    const own = ownLayers(req.app);
    const earlier = layers
      .slice(0, place)
      .filter((layer) => !own.includes(layer) && !expected.includes(layer.name))
      .filter((layer) => !standsInFront(layer));
    if (earlier.length > 0) {
      const names = earlier.map(nameOf).join(", ");
      warn(
        `secureApi: ${earlier.length} layer(s) run before it and are not protected: ${names}. Mount secureApi first, or make sure that they answer no request.`,
        "EXPRESS_SECURE_API_NOT_FIRST",
      );
    }
    if (!layers.slice(place).some(isErrorHandler)) {
      warn(
        "secureApi: the app has no error handler, so its own errors are answered by Express's error page. Add app.use(notFound()) and app.use(errorHandler()) after the last route.",
        "EXPRESS_SECURE_API_NO_ERROR_HANDLER",
      );
    }
  };
}

function standsInFront({ name, route }: Layer): boolean {
  if (route === undefined) return FRONT_HANDLERS.includes(name);
  const handlers = stackOf(route);
  return handlers.length > 0 && handlers.every((layer) => FRONT_HANDLERS.includes(layer.name));
}

/** Express itself names every route's layer alike: its path says which one it is. */
function nameOf({ name, route }: Layer): string {
  const { path } = Object(route) as { path?: unknown };
  return path === undefined ? String(name) : `the route ${String(path)}`;
}

/** Express tells error handlers by their four parameters; one of the app's own will do. */
function isErrorHandler({ handle }: Layer): boolean {
  return typeof handle === "function" && handle.length === 4;
}

function warn(message: string, code: string): void {
  process.emitWarning(message, { code, type: "SecurityWarning" });
}
