import { NONCE_SOURCE } from "./nonce.js";

/** A content policy, read: sources by directive, in order. */
type Policy = Map<string, readonly string[]>;

/** Where browsers report to: the name of an endpoint, and its URL for browsers that do not know `report-to`. */
export interface ReportTarget {
  readonly name: string;
  readonly url: string;
}

/** The directives that govern more than their own name says, and where each of them falls back to (CSP Level 3 §6.8.3). */
const ELEMENTS: Readonly<Record<string, string>> = {
  "script-src": "script-src-elem",
  "style-src": "style-src-elem",
};

/**
 * The policy with the nonce of the answer in these directives, and in those for elements that take their place. A directive
 * that is missing is made of the one that it falls back to.
 *
 * @returns `undefined` with each problem noted, as the rest of a sentence.
 */
export function withNonce(
  text: string,
  directives: readonly string[],
  note: (fault: string) => void,
): string {
  const policy = parsePolicy(text);
  for (const directive of directives) {
    const sources = policy.get(directive) ?? policy.get("default-src");
    if (sources === undefined) {
      note(
        `must not be for ${directive} where the policy has neither it nor default-src: nothing is stopped there`,
      );
      continue;
    }
    addNonce(policy, directive, sources, note);
    const forElements = ELEMENTS[directive] ?? "";
    const others = policy.get(forElements);
    if (others !== undefined) addNonce(policy, forElements, others, note);
  }
  return policyText(policy);
}

/** The policy with the nonce where it governs scripts or styles at all. */
export function withNonceWhereGoverned(
  text: string,
  directives: readonly string[],
  note: (fault: string) => void,
): string {
  const policy = parsePolicy(text);
  const governed = directives.filter((name) => policy.has(name) || policy.has("default-src"));
  return withNonce(text, governed, note);
}

/** The policy with both ways to say where to report, unless it says so itself. */
export function withReports(text: string, target: ReportTarget): string {
  const policy = parsePolicy(text);
  if (!policy.has("report-uri")) policy.set("report-uri", [target.url]);
  if (!policy.has("report-to")) policy.set("report-to", [target.name]);
  return policyText(policy);
}

/** The endpoints that the policy reports to. */
export function reportEndpoints(text: string): readonly string[] {
  return parsePolicy(text).get("report-to") ?? [];
}

/** The policy without what browsers complain about in one that only reports. */
export function reportOnlyText(text: string): string {
  return text
    .split(";")
    .filter((directive) => directive !== "upgrade-insecure-requests")
    .join(";");
}

function addNonce(
  policy: Policy,
  directive: string,
  sources: readonly string[],
  note: (fault: string) => void,
): void {
  if (sources.some((source) => source.toLowerCase() === "'unsafe-inline'")) {
    note(
      `must not be for ${directive} with 'unsafe-inline': browsers ignore that beside a nonce. Take it out of ${directive}, or name the other directive only`,
    );
  }
  const others = sources.filter((source) => source.toLowerCase() !== "'none'");
  policy.set(directive, [...others, NONCE_SOURCE]);
}

function parsePolicy(text: string): Policy {
  const policy: Policy = new Map();
  for (const part of text.split(";")) {
    const [name = "", ...sources] = part.trim().split(/\s+/);
    if (name !== "") policy.set(name, sources);
  }
  return policy;
}

function policyText(policy: Policy): string {
  return [...policy].map(([name, sources]) => [name, ...sources].join(" ")).join(";");
}
