import type { HeaderPlan, PlannedHeader } from "../headers/header-plan.js";

/**
 * What is left to do where one plan was carried out and another one is to take its place: headers that are the same in both are
 * left alone, because a middleware in between may have changed them.
 */
export function changedHeaders(before: HeaderPlan, after: HeaderPlan): HeaderPlan {
  const names = new Set([...before.headers, ...after.headers].map(({ name }) => name));
  const changed = new Set(
    [...names].filter((name) => !isSame(entries(before, name), entries(after, name))),
  );
  const headers = after.headers.filter(({ name }) => changed.has(name));
  // What is sent on some answers only must not find the value that stands there already.
  const surely = new Set(headers.filter(({ when }) => when === "always").map(({ name }) => name));
  const stale = before.headers
    .filter(({ name, when }) => changed.has(name) && !surely.has(name) && when !== "unlessSet")
    .map(({ name }) => name);
  return Object.freeze({
    ...after,
    headers: Object.freeze(headers),
    removed: Object.freeze([...new Set([...after.removed, ...stale])]),
    overwrites: true,
  });
}

function entries({ headers }: HeaderPlan, name: string): readonly PlannedHeader[] {
  return headers.filter((header) => header.name === name);
}

function isSame(one: readonly PlannedHeader[], other: readonly PlannedHeader[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ value, when }, index) => {
      const counterpart = other[index];
      return counterpart?.value === value && counterpart.when === when;
    })
  );
}
