import type { Express, Request } from "express";
import { handlersOf } from "../core/app/app-layers.js";

/** So many are named; of more, how many there are. */
const MOST_NAMED = 20;
/** A route has one of its own beside those that the app gives it. To look at so many takes half a second, while all wait. */
const MOST_HANDLERS = 600;

/** Gets the patterns that cover no route, if there are any. */
export type TellUnused = (patterns: readonly string[]) => void;

/**
 * Warns of rows and patterns of a preset that cover no route of the app, because a path is misspelt or a route is gone.
 * Only while the table reports, and of apps with at most 300 routes or so: to look at an app keeps its requests waiting. For
 * others, and for a table that enforces, `assertRoutesGuarded` says so in a test.
 *
 * It looks when the first request has been handed on: by then the routes are mounted.
 */
export function warnOfUnusedRows(req: Request, tell: TellUnused): void {
  const app = req.app as Express;
  setImmediate(() => {
    if (handlersOf(app).size > MOST_HANDLERS) return;
    // Whatever Express hides from us, and where modules cannot be loaded any more: nothing can be said.
    unusedOf(app)
      .then((unused) => {
        if (unused.length === 0) return;
        warn(unused);
        tell(unused);
      })
      .catch(ignore);
  }).unref();
}

async function unusedOf(app: Express): Promise<readonly string[]> {
  // Loaded here: apps without a table that reports never need it.
  const { auditRoutes } = await import("../route-audit/audit-routes.js");
  return [...new Set(auditRoutes(app).unused.map(({ pattern }) => pattern))];
}

function warn(unused: readonly string[]): void {
  const named = unused.slice(0, MOST_NAMED).join(", ");
  const rest = unused.length > MOST_NAMED ? ` and ${unused.length - MOST_NAMED} more` : "";
  process.emitWarning(
    `secureApi: ${unused.length} pattern(s) cover no route of the app: ${named}${rest}. A request that they are meant for would fall to otherwise.`,
    { code: "EXPRESS_SECURE_API_UNUSED_ROWS", type: "SecurityWarning" },
  );
}

function ignore(): void {}
