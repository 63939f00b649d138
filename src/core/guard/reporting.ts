const REGISTRY = Symbol.for("express-secure-api.reporting/1");

/** Remembers that a guard was created in report mode, so that start-up can say so. Process-wide, by name. */
export function noteReporting(guard: string): void {
  registry().add(guard);
}

/** The guards that were created in report mode in this process, in order of creation. */
export function reportingGuards(): readonly string[] {
  return [...registry()];
}

function registry(): Set<string> {
  const holder = globalThis as { [REGISTRY]?: Set<string> };
  if (holder[REGISTRY] === undefined)
    Object.defineProperty(holder, REGISTRY, { value: new Set<string>() });
  return holder[REGISTRY] as Set<string>;
}
