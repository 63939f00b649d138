import { isPlainObject } from "../../core/options/value.js";
import { dashed } from "../csp/csp-directives.js";
import { helmetName } from "../headers/helmet-options.js";

/** Options of headers as users write them, copied. */
export type RawOptions = Readonly<Record<string, unknown>>;

/**
 * Options over those that they change: an object changes the members that it names, and so on in `helmet`, in the directives of
 * a policy, and in what has no members but names. Anything else takes the place of what was there.
 */
export function mergeOptions(base: RawOptions, over: RawOptions): RawOptions {
  return mergeMembers(base, over, (name, one, other) => {
    if (!isPlainObject(one) || !isPlainObject(other)) return other;
    return name === "helmet" ? mergeHelmet(one, other) : mergeMembers(one, other);
  });
}

function mergeHelmet(base: RawOptions, over: RawOptions): RawOptions {
  // Of two names for one header the later option counts alone.
  const named = (options: RawOptions): RawOptions => renamed(options, helmetName);
  // Whoever gives a header both names is told so by the reader.
  if (Object.keys(named(over)).length < Object.keys(over).length) return over;
  return mergeMembers(named(base), named(over), (_name, one, other) =>
    isPlainObject(one) && isPlainObject(other) ? mergeHeader(one, other) : other,
  );
}

/** The options of one header. */
function mergeHeader(base: RawOptions, over: RawOptions): RawOptions {
  return mergeMembers(base, over, (name, one, other) => {
    if (name !== "directives" || !isPlainObject(one) || !isPlainObject(other)) return other;
    const names = new Set(Object.keys(other).map(dashed));
    const kept = Object.entries(one).filter(([directive]) => !names.has(dashed(directive)));
    return { ...Object.fromEntries(kept), ...other };
  });
}

function mergeMembers(
  base: RawOptions,
  over: RawOptions,
  merge: (name: string, one: unknown, other: unknown) => unknown = (_name, _one, other) => other,
): RawOptions {
  const merged: Record<string, unknown> = Object.assign(Object.create(null), base);
  for (const name of Object.keys(over))
    merged[name] = Object.hasOwn(base, name) ? merge(name, base[name], over[name]) : over[name];
  return merged;
}

function renamed(options: RawOptions, rename: (name: string) => string): RawOptions {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [rename(name), value]));
}
