import { createHash } from "node:crypto";
import { FINDING_RULES, type RouteFinding } from "../findings/finding.js";
import { escapeSarif, jsonText, visible } from "./escape.js";
import type { Format, FormatOptions } from "./format-options.js";

const SCHEMA =
  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/** A rule without help is one that code scanning of GitHub shows nothing for. */
const ADVICE =
  "Put a guard in front, or declare the route public; the guide of the package says what counts as a guard.";
const HELP = "https://www.npmjs.com/package/express-secure-api";

/**
 * The findings as SARIF 2.1.0, for code scanning. A route has no line of its own: the finding stands at the app's module,
 * and its fingerprint is made of rule, method and path, so that it stays the same one when the file changes.
 */
export const formatSarif: Format = (_report, options) => {
  const fingerprints = fingerprintsOf(options.findings);
  const rules = Object.entries(FINDING_RULES);
  const document = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "express-secure-api",
            informationUri: HELP,
            rules: rules.map(([id, text]) => ({
              id,
              shortDescription: { text: escapeSarif(text) },
              fullDescription: { text: escapeSarif(text) },
              help: { text: escapeSarif(`${text} ${ADVICE}`) },
              helpUri: HELP,
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: options.findings.map((finding, index) =>
          resultOf(finding, options, fingerprints[index] ?? ""),
        ),
      },
    ],
  };
  return `${jsonText(document)}\n`;
};

function resultOf(finding: RouteFinding, { file }: FormatOptions, fingerprint: string): object {
  const { rule, level, message, method, path, accepted } = finding;
  const route = [method, path].filter((part) => part !== undefined).join(" ");
  const logical =
    route === "" ? {} : { logicalLocations: [{ fullyQualifiedName: visible(route) }] };
  const physical =
    file === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: uriOf(file) },
            region: { startLine: 1 },
          },
        };
  const location = { ...physical, ...logical };
  return {
    ruleId: rule,
    ruleIndex: Object.keys(FINDING_RULES).indexOf(rule),
    level,
    message: { text: escapeSarif(message) },
    ...(Object.keys(location).length === 0 ? {} : { locations: [location] }),
    partialFingerprints: { "route/v1": fingerprint, primaryLocationLineHash: fingerprint },
    ...(accepted === true
      ? { suppressions: [{ kind: "external", justification: "Named in the baseline." }] }
      : {}),
  };
}

/**
 * One for each finding: the same for the same one, whatever else changes. Code scanning of GitHub goes by the member
 * `primaryLocationLineHash` alone, and takes the text of the line where it is missing: all findings stand at line 1, and
 * would be one alert. Like its own, a fingerprint ends with a count, for findings that nothing tells apart.
 *
 * @see https://github.com/github/codeql-action/blob/main/src/fingerprints.ts
 */
function fingerprintsOf(findings: readonly RouteFinding[]): readonly string[] {
  const counts = new Map<string, number>();
  return findings.map((finding) => {
    const hash = createHash("sha256").update(identityOf(finding)).digest("hex").slice(0, 32);
    const count = (counts.get(hash) ?? 0) + 1;
    counts.set(hash, count);
    return `${hash}:${count}`;
  });
}

function identityOf({ rule, method, path, label, message }: RouteFinding): string {
  // One path may have several handlers.
  if (method === undefined && label !== undefined) return JSON.stringify([rule, label]);
  return JSON.stringify(path === undefined ? [rule, message] : [rule, method, path]);
}

/** A reference that is relative to the root of the checkout (RFC 3986 §4.2); one of another drive is a URI. */
function uriOf(file: string): string {
  const path = file.replaceAll("\\", "/").replaceAll(/\p{Cs}/gu, "\u{fffd}");
  const [, drive = "", rest = path] = /^([a-z]:)(\/.*)$/is.exec(path) ?? [];
  const encoded = rest.split("/").map(encodeURIComponent).join("/");
  return drive === "" ? encoded : `file:///${drive}${encoded}`;
}
