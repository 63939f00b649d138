import { createGuard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { assertCalled, assertNoArguments } from "../core/options/uncalled-factory.js";
import { answeringHandler } from "./life/answering-handler.js";
import { sendOk } from "./life/send-ok.js";

/**
 * Answers that the process is alive: 200, whatever else is down, and also while it starts or shuts down. For the liveness
 * probe, on `app.get("/livez", livez())`: who fails it is restarted, and no restart brings a database back. It is never
 * cached, and answers GET and HEAD; other methods go on.
 *
 * It does not authenticate, and is marked as meant to be open for the route audit. It has no options.
 *
 * @throws OptionsError when it was mounted without being called, or gets options.
 */
export function livez(): Middleware;
export function livez(...args: readonly unknown[]): Middleware {
  assertCalled("livez", args[0], "livez()");
  assertNoArguments("livez", args);
  const guard = createGuard("livez", "public", { mode: "enforce", onDenied: "respond" });
  const probe = guard.middleware(
    (req, res, next) => {
      if (req.method === "GET" || req.method === "HEAD") sendOk(res);
      else next();
    },
    { rule: "liveness probe" },
  );
  return answeringHandler(probe);
}
