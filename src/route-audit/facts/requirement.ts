import type { Requirement } from "../../core/guard/guard-details.js";

/** A requirement in words for people: `one of the roles admin, editor`. Names stand as they are: escape the result. */
export function requirementInWords(requirement: Requirement): string {
  switch (requirement.type) {
    case "scope":
    case "role":
    case "permission": {
      const { type, names, match } = requirement;
      if (names.length === 1) return `the ${type} ${names[0]}`;
      return `${match === "all" ? "all" : "one"} of the ${type}s ${names.join(", ")}`;
    }
    case "all":
      return joined(requirement.of, " and ");
    case "any":
      return joined(requirement.of, " or ");
    case "not":
      return `not (${requirementInWords(requirement.of)})`;
    default:
      return requirement.rule;
  }
}

/** Whether it demands something of the object that the request is for. */
export function concernsObject(requirement: Requirement): boolean {
  switch (requirement.type) {
    case "object":
      return true;
    case "all":
    case "any":
      return requirement.of.some(concernsObject);
    case "not":
      return concernsObject(requirement.of);
    default:
      return false;
  }
}

/** Alternatives beyond this many are not listed: a document of them would help nobody. */
const MAX_ALTERNATIVES = 16;

/**
 * The sets of scopes of which one must be granted, whatever else the requirements ask for: `[]` in the list means that
 * no scope is needed on that way. Nothing is said about scopes that must not be there.
 */
export function scopeAlternatives(
  requirements: readonly Requirement[],
): readonly (readonly string[])[] {
  return product(requirements.map(alternativesOf));
}

function alternativesOf(requirement: Requirement): readonly (readonly string[])[] {
  switch (requirement.type) {
    case "scope":
      return requirement.match === "all"
        ? [requirement.names]
        : requirement.names.map((name) => [name]);
    case "all":
      return product(requirement.of.map(alternativesOf));
    case "any":
      return distinct(requirement.of.flatMap(alternativesOf));
    default:
      return [[]];
  }
}

function product(
  lists: readonly (readonly (readonly string[])[])[],
): readonly (readonly string[])[] {
  let sets: readonly (readonly string[])[] = [[]];
  for (const list of lists) {
    sets = distinct(sets.flatMap((set) => list.map((more) => [...new Set([...set, ...more])])));
    if (sets.length > MAX_ALTERNATIVES) return [[]];
  }
  return sets;
}

function distinct(sets: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const seen = new Map(sets.map((set) => [JSON.stringify([...set].sort()), set] as const));
  return [...seen.values()];
}

function joined(of: readonly Requirement[], word: string): string {
  return of
    .map((item) =>
      item.type === "all" || item.type === "any"
        ? `(${requirementInWords(item)})`
        : requirementInWords(item),
    )
    .join(word);
}
