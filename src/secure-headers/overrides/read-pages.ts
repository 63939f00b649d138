import type { Mode } from "../../core/guard/guard-options.js";
import {
  coversEverything,
  type PathPattern,
  parsePathPattern,
} from "../../core/http/path-pattern.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { describeValue, isHarmless, isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import { PAGE_PROFILES } from "./page-profiles.js";
import { type PlannedOptions, readOverrides } from "./read-overrides.js";

/** Paths that have other headers. */
export interface PageRule extends PlannedOptions {
  readonly pattern: PathPattern;
}

const EXAMPLE = '{ "/docs/*": "swagger-ui" }';

/**
 * Reads `pages`. Problems are noted.
 *
 * @returns The most specific pattern first: more segments, then no `/*`, then fewer parameters, then a method.
 */
export function readPages(
  reader: OptionsReader<"pages">,
  base: PlannedOptions,
  mode: Mode,
): readonly PageRule[] {
  const value = reader.raw("pages");
  if (value === undefined) return [];
  if (!isPlainObject(value) || Object.keys(value).length === 0) {
    const must = "an object that says for each pattern what is different there";
    reader.note("pages", `must be ${must}, got ${describeValue(value)}: write ${EXAMPLE}`);
    return [];
  }
  const rules: PageRule[] = [];
  Object.keys(value).forEach((text, order) => {
    const over = value[text];
    const pattern = parsePathPattern(text);
    // What stands in place of a rule may be anything, and so may the name in front of it.
    const isRule = isPlainObject(over) || PAGE_PROFILES.some((profile) => profile === over);
    const isShown = isHarmless(text) || (isRule && !isRefused(pattern));
    const place = isShown ? `pages["${text}"]` : `pages[${order}]`;
    if (isRefused(pattern)) reader.problems.note(`${reader.path}.${place}`, pattern.refused);
    else if (coversEverything(pattern))
      reader.problems.note(
        `${reader.path}.${place}`,
        'must not cover every route: write preset: "web" for an app of pages',
      );
    else
      for (const planned of readOverrides(reader, place, over, [base], mode))
        rules.push({ pattern, ...planned });
  });
  return rules.sort((one, other) => rank(other.pattern) - rank(one.pattern));
}

/** A pattern that is more specific has more; those of one rank stand in the order in which they are written. */
function rank({ segments, below, method }: PathPattern): number {
  const literals = segments.filter((segment) => segment !== undefined).length;
  return (
    segments.length * 1_000_000 +
    (below ? 0 : 500_000) +
    literals * 2 +
    (method === undefined ? 0 : 1)
  );
}
