import { setImmediate } from "node:timers";

/** A single one can be an app that makes its guards when they are first needed, or a test. */
const MANY = 20;

/** How many were used as soon as they were made, by the name of the guard. */
const hastened = new Map<string, number>();

/**
 * Notices guards that are made for one request each, as in `(req, res, next) => rateLimit({ … })(req, res, next)`: such
 * a limiter counts to one, and an `oauthGuard` fetches its keys every time. When many are used in the turn of the event
 * loop that made them, `process.emitWarning` says so, once for each kind of guard.
 *
 * @returns What to call at each request.
 */
export function createCreationCheck(name: string): () => void {
  let isNew = true;
  setImmediate(() => {
    isNew = false;
  });

  return () => {
    if (!isNew) return;
    isNew = false;
    const count = (hastened.get(name) ?? 0) + 1;
    hastened.set(name, count);
    if (count === MANY) warn(name);
  };
}

function warn(name: string): void {
  process.emitWarning(
    `${name}: ${MANY} of them were used in the turn of the event loop that made them, as if each request made its own. Call the factory once, where the app is put together: what is made for one request remembers no other.`,
    { code: "EXPRESS_SECURE_API_MADE_PER_REQUEST", type: "SecurityWarning" },
  );
}
