import type { Request } from "express";

/**
 * The warnings that each app got. Shared by all guards, because an app has many of them and one setting; held weakly by
 * the app, so that one app's warning hides no other's.
 */
const given = new WeakMap<object, Set<string>>();
/** Stands for the app of requests that have none, as behind a router without an app. */
const NO_APP = {};

/** Warns the operator about the app that serves the request (`process.emitWarning`), once for each app and code. */
export function warnAboutApp(req: Request, code: string, message: string): void {
  const { app = NO_APP } = req as { readonly app?: object };
  const codes = given.get(app) ?? new Set();
  if (codes.has(code)) return;
  given.set(app, codes.add(code));
  process.emitWarning(message, { code, type: "SecurityWarning" });
}
