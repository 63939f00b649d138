import type { OnDenied } from "../refusal/deny.js";
import type { GuardOptions, Mode } from "./guard-options.js";
import type { Middleware } from "./middleware.js";

/** {@link GuardOptions}, filled in. */
interface GuardSettings {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
}

type Make = (settings: GuardSettings) => Middleware;

/** Of another installed copy as well. */
const REMAKE = Symbol.for("express-secure-api.remake/1");

/**
 * Makes a middleware that a preset can take over: there, `mode` and `onDenied` that its options leave out are those of the
 * preset, as for the parts that the preset makes itself.
 *
 * @param given - What the options say, checked.
 */
export function adoptable(make: Make, given: GuardOptions): Middleware {
  const remake = ({ mode, onDenied }: GuardSettings): Middleware =>
    make({ mode: given.mode ?? mode, onDenied: given.onDenied ?? onDenied });
  const middleware = remake({ mode: "enforce", onDenied: "respond" });
  // Not enumerable: what wraps the middleware is another one, and keeps the mode that it was made with.
  return Object.defineProperty(middleware, REMAKE, { value: remake });
}

/** The middleware with the defaults of the preset that takes it over; as it is where nothing can be taken over. */
export function adopt(middleware: Middleware, defaults: GuardSettings): Middleware {
  const { [REMAKE]: remake } = middleware as { readonly [REMAKE]?: Make };
  return remake === undefined ? middleware : remake(defaults);
}
