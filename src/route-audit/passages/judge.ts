import type { PathPattern } from "../../core/http/path-pattern.js";
import type { Endpoint } from "../discovery/find-endpoints.js";
import { type EffectiveGuard, isProtection, runsEverywhere } from "../guards/effective-guard.js";
import type { RouteStatus } from "../report/route-report.js";
import type { Coverage, Passage } from "./coverage.js";
import { sampleUrls } from "./sample-urls.js";

/** What covers an endpoint, and what follows from that. */
export interface Verdict {
  readonly status: RouteStatus;
  /** What runs for every request to it, the outermost first. */
  readonly guards: readonly EffectiveGuard[];
  readonly reason?: string;
}

const NO_PATH =
  "the path of a router in front of it could not be found out: Express before 5.3 shows it to the inspector of Node.js only";
const NO_SAMPLE = "no path could be made up that leads there";
const EXPRESSION =
  "its path is a regular expression: guards at other paths may or may not cover all that it matches";

/**
 * Judges an endpoint by imagined requests: a guard counts when it runs for every one of them.
 *
 * @param methods - In upper case.
 * @param words - Texts that guards of the app seem to know.
 */
export function judge(
  endpoint: Endpoint,
  coverage: Coverage,
  methods: readonly string[],
  words: readonly string[],
): Verdict {
  const blind = endpoint.steps.find(({ path }) => path.kind === "unknown");
  if (blind !== undefined) return { status: "unresolved", guards: [], reason: NO_PATH };
  const passages = passagesTo(endpoint, coverage, methods, words);
  if (endpoint.steps.some(({ path }) => path.kind === "expression")) {
    return judgeExpression(endpoint, coverage, methods, passages);
  }
  return passages.length === 0
    ? { status: "unresolved", guards: [], reason: NO_SAMPLE }
    : judgePassages(passages);
}

function passagesTo(
  endpoint: Endpoint,
  coverage: Coverage,
  methods: readonly string[],
  words: readonly string[],
): readonly Passage[] {
  const plain = new Set(sampleUrls(endpoint, []));
  const found: Passage[] = [];
  for (const url of sampleUrls(endpoint, words)) {
    for (const method of methods) {
      const passage = coverage.follow(endpoint, method, url);
      if (passage !== undefined && (plain.has(url) || !passage.isTaken)) found.push(passage);
    }
  }
  return found;
}

function judgePassages(passages: readonly Passage[]): Verdict {
  const [first, ...others] = passages;
  const guards = [...(first?.running ?? [])].filter((guard) =>
    others.every(({ running }) => running.has(guard)),
  );
  if (guards.some(protects)) return { status: "guarded", guards };
  const declared = publicReason(guards);
  if (declared !== undefined) return { status: "public", guards, reason: declared };
  const patterns = [...new Set(passages.flatMap(({ openedBy }) => openedBy))];
  const isMeant = passages.every(
    ({ running, openedBy }) => openedBy.length > 0 || [...running].some(protects),
  );
  return isMeant && patterns.length > 0
    ? { status: "public", guards, reason: patterns.join(", ") }
    : { status: "open", guards };
}

/** Samples prove nothing about an expression: only what runs for every path counts. */
function judgeExpression(
  endpoint: Endpoint,
  coverage: Coverage,
  methods: readonly string[],
  passages: readonly Passage[],
): Verdict {
  /** Of a pattern without parameters it can be tried whether it opens something that the expression matches. */
  const mayLeadTo = ({ segments, below, slash }: PathPattern): boolean => {
    if (below || segments.includes(undefined)) return true;
    const url = `/${segments.join("/")}${slash ? "/" : ""}`;
    return coverage.leadsTo(endpoint, url);
  };
  const [first = [], ...others] = methods.map((method) =>
    coverage
      .everywhere(endpoint, method)
      .filter((guard) => runsEverywhere(guard, method))
      .filter(({ except }) => !except.some((pattern) => mayLeadTo(pattern))),
  );
  const guards = first.filter((guard) => others.every((list) => list.includes(guard)));
  if (guards.some(protects)) return { status: "guarded", guards };
  const declared = publicReason(guards);
  if (declared !== undefined) return { status: "public", guards, reason: declared };
  const isOpen = passages.length > 0 && judgePassages(passages).status === "open";
  return isOpen ? { status: "open", guards } : { status: "unresolved", guards, reason: EXPRESSION };
}

function publicReason(guards: readonly EffectiveGuard[]): string | undefined {
  const mark = guards.find(({ description }) => description.kind === "public")?.description;
  return mark === undefined ? undefined : (mark.rule ?? mark.guard);
}

function protects({ description }: EffectiveGuard): boolean {
  return isProtection(description);
}
