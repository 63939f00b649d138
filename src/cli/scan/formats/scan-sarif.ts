import { createHash } from "node:crypto";
import { escapeSarif, jsonText, visible } from "../../../route-audit/formats/escape.js";
import type { ScanFinding, ScanReport } from "../report/scan-report.js";
import type { ScanRule, Severity } from "../rules/scan-rule.js";
import { SCAN_RULES } from "../rules/scan-rules.js";

const SCHEMA =
  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const HELP = "https://www.npmjs.com/package/express-secure-api";
const NOT_CHECKED = "not-checked";
/** Code scanning of GitHub shows nothing that has no file. */
const FILE = "package.json";
const LEVELS: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "warning",
  info: "note",
};
/** In code scanning of GitHub: from 9 critical, from 7 high, from 4 medium. */
const SCORES: Readonly<Record<Severity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.0",
  low: "2.0",
  info: "0.0",
};

/**
 * The findings as SARIF 2.1.0, for code scanning. A server has no file: findings stand at the manifest, and their
 * fingerprint is made of the rule and the URL, so that it stays the same one from scan to scan.
 */
export function formatScanSarif({ url, findings, unchecked }: ScanReport): string {
  const ids = [...Object.keys(SCAN_RULES), NOT_CHECKED];
  const results = [
    ...findings.map((finding) =>
      resultOf(url, ids, finding.rule, finding.severity, messageOf(finding), finding.rule),
    ),
    ...unchecked.map(({ check, severity, why }) =>
      resultOf(
        url,
        ids,
        NOT_CHECKED,
        severity,
        `${check} could not be checked: ${why}`,
        `${NOT_CHECKED} ${check}`,
      ),
    ),
  ];
  const document = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "express-secure-api scan",
            informationUri: HELP,
            rules: [...Object.entries(SCAN_RULES).map(ruleOf), notChecked()],
          },
        },
        columnKind: "utf16CodeUnits",
        results,
      },
    ],
  };
  return `${jsonText(document)}\n`;
}

function resultOf(
  url: string,
  ids: readonly string[],
  ruleId: string,
  severity: Severity,
  text: string,
  identity: string,
): object {
  const hash = createHash("sha256")
    .update(JSON.stringify([identity, url]))
    .digest("hex");
  const fingerprint = `${hash.slice(0, 32)}:1`;
  return {
    ruleId,
    ruleIndex: ids.indexOf(ruleId),
    level: LEVELS[severity],
    message: { text: escapeSarif(text) },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: FILE }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: visible(url) }],
      },
    ],
    partialFingerprints: { "scan/v1": fingerprint, primaryLocationLineHash: fingerprint },
  };
}

function messageOf({ title, seen, at, fix }: ScanFinding): string {
  return `${title}. Seen: ${seen}. At: ${at.join(", ")}. ${fix}`;
}

function ruleOf([id, { title, why, fix, severity }]: readonly [string, ScanRule]): object {
  return {
    id,
    shortDescription: { text: escapeSarif(title) },
    fullDescription: { text: escapeSarif(`${title}. ${why}`) },
    help: { text: escapeSarif(`${why} ${fix}`) },
    helpUri: HELP,
    properties: { "security-severity": SCORES[severity], tags: ["security"] },
  };
}

function notChecked(): object {
  const text =
    "A check could not be carried out, and counts as the worst that it could have found.";
  return {
    id: NOT_CHECKED,
    shortDescription: { text },
    fullDescription: { text },
    help: { text },
    helpUri: HELP,
  };
}
