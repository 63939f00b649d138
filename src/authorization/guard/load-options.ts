import type { Request } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { wrongReturn } from "../../core/calls/user-function.js";
import type { Middleware } from "../../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { nameFault } from "../../core/options/value.js";
import type { Principal } from "../../core/principal/principal.js";
import { REQUIRE_HINTS, REQUIRE_KEYS, type RequireOptions } from "./require-options.js";

/** What is told to a caller whose object it is not. */
export type OnForeign = "hide" | "forbid";

/** As a method, so that a function may name the parameters of its route: `(req: Request<{ id: string }>) => …`. */
type Load<Loaded> = {
  load(req: Request, principal: Principal): Loaded | PromiseLike<Loaded>;
}["load"];

/** Options of guards that load the object which a request is about. */
export interface LoadOptions<Loaded> extends RequireOptions {
  /**
   * Gives the object that the request is about, at once or as a promise that has 5 seconds; `null` or `undefined` when
   * there is none. A list is several objects: the rule must hold for each of them, and an empty one is none. When it
   * fails, the request is refused with 503 `check_unavailable`.
   */
  readonly load: Load<Loaded>;
  /**
   * `"hide"`: 404 `not_found` for objects that the rule refuses, as for those that are not there. `"forbid"`: 403
   * `access_denied` for both. @default "hide"
   */
  readonly onDeny?: OnForeign | undefined;
  /** The member of `res.locals` that the object is put into, beside `object(req)`. @default none */
  readonly attach?: string | undefined;
}

/** A guard that loads an object. @typeParam Loaded - What `load` gives. */
export interface ObjectGuard<Loaded> extends Middleware {
  /**
   * The object that this guard loaded and let the request have.
   *
   * @throws Error when this guard did not let the request pass, or is in report mode.
   */
  object(req: object): NonNullable<Loaded>;
}

/** {@link LoadOptions}, checked. */
export interface CheckedLoad {
  /** Throws, or rejects with, what failed. A list has no holes; an empty one is `undefined`. */
  readonly load: (req: Request, principal: Principal) => Loaded | Promise<Loaded>;
  readonly onDeny: OnForeign;
  readonly attach: string | undefined;
}

/** One object, several, or none. */
export type Loaded = object | undefined;

/** Names of {@link LoadOptions}. */
export const LOAD_KEYS: OptionKeys<LoadOptions<unknown>> = {
  ...REQUIRE_KEYS,
  load: "neverUndefined",
  onDeny: true,
  attach: true,
};

const HIDE = 'write onDeny: "hide" for 404, the default, or onDeny: "forbid" for 403';

/** What other packages call them. */
export const LOAD_HINTS: Hints<LoadOptions<unknown>> = {
  ...REQUIRE_HINTS,
  resource: "load",
  getResource: "load",
  fetch: "load",
  find: "load",
  loader: "load",
  hide: HIDE,
  notFound: HIDE,
  status: HIDE,
  as: "attach",
  key: "attach",
};

/** Reads what {@link LoadOptions} adds, where `load` is given. */
export function readLoad(
  reader: OptionsReader<"load" | "onDeny" | "attach" | "mode">,
): CheckedLoad {
  const load = reader.function<(req: Request, principal: Principal) => unknown>("load", {
    required: true,
  });
  const onDeny = reader.oneOf("onDeny", ["hide", "forbid"], { default: "hide" });
  const attach = reader.string("attach");
  const fault = attach === undefined ? undefined : attachFault(attach);
  if (fault !== undefined) reader.note("attach", fault);
  if (attach !== undefined && reader.raw("mode") === "report") {
    reader.note(
      "attach",
      'must be left out with mode: "report", which attaches nothing: load the object in the handler',
    );
  }
  const option = `${reader.path}.load`;
  return {
    // A method of an object of the app keeps its place; the object is not read again.
    load: createCall<Loaded, Request, Principal>((req, principal) => load?.(req, principal), {
      option,
      parse: (value) => parseLoaded(value, option),
    }),
    onDeny,
    attach,
  };
}

function attachFault(name: string): string | undefined {
  return name in Object.prototype
    ? "must not be the name of a member that all objects have"
    : nameFault(name);
}

function parseLoaded(value: unknown, option: string): Loaded {
  if (value === undefined || value === null) return undefined;
  const must = "an object, a list of objects, null or undefined";
  if (typeof value !== "object") throw wrongReturn(option, must, value);
  if (!Array.isArray(value)) return value;
  // One of several is not there: the handler would work on fewer objects than were asked for, or on none.
  // A hole counts as `undefined`, which it would not for `some`.
  if (value.length === 0 || value.includes(undefined) || value.includes(null)) return undefined;
  const wrong = value.find((item) => typeof item !== "object");
  if (wrong !== undefined) throw wrongReturn(option, must, wrong);
  return value;
}
