import { createHash } from "node:crypto";
import { FINDING_RULES, type RouteFinding } from "../findings/finding.js";
import { escapeSarif, jsonText, visible } from "./escape.js";
import type { Format, FormatOptions } from "./format-options.js";

const SCHEMA =
  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const HELP = "https://www.npmjs.com/package/express-secure-api";

/**
 * The findings as SARIF 2.1.0, for code scanning. A route has no line of its own: the finding stands at the app's module,
 * and its fingerprint is made of rule, method and path, so that it stays the same one when the file changes.
 */
export const formatSarif: Format = (_report, options) => {
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
              helpUri: HELP,
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: options.findings.map((finding) => resultOf(finding, options)),
      },
    ],
  };
  return `${jsonText(document)}\n`;
};

function resultOf(finding: RouteFinding, { file }: FormatOptions): object {
  const { rule, level, message, method, path, accepted } = finding;
  const route = [method, path].filter((part) => part !== undefined).join(" ");
  const logical =
    route === "" ? {} : { logicalLocations: [{ fullyQualifiedName: visible(route) }] };
  const physical =
    file === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: encodeURI(file.replaceAll("\\", "/")) },
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
    partialFingerprints: { "route/v1": fingerprintOf(finding) },
    ...(accepted === true
      ? { suppressions: [{ kind: "external", justification: "Named in the baseline." }] }
      : {}),
  };
}

function fingerprintOf({ rule, method, path, message }: RouteFinding): string {
  const identity = JSON.stringify(path === undefined ? [rule, message] : [rule, method, path]);
  return createHash("sha256").update(identity).digest("hex").slice(0, 32);
}
