import type { ProblemList } from "../../core/options/problem-list.js";

/** Loads a package that only this engine needs. One that is missing is a problem, which says how to get it. */
export function loadPeer<T>(
  problems: ProblemList,
  factory: string,
  name: string,
  load: () => T,
): T | undefined {
  try {
    return load();
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null)?.code;
    problems.note(
      factory,
      code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND"
        ? `needs the package ${name}, which is not installed: run npm install ${name}`
        : `cannot load the package ${name}: run npm install ${name}@latest`,
    );
    return undefined;
  }
}
