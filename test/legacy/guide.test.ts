import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { attacks as ownTokens, open as ownTokensOpen } from "./own-tokens/attacks.js";
import {
  attacks as sessionsAndPages,
  open as sessionsAndPagesOpen,
} from "./sessions-and-pages/attacks.js";
import type { Attack, OpenAttack } from "./support/attack.js";
import { changesOf } from "./support/changed-lines.js";
import { attacks as tokenScheme, open as tokenSchemeOpen } from "./token-scheme/attacks.js";

const GUIDE = readFileSync(join(__dirname, "../../docs/guides/legacy-apps.md"), "utf8");

const apps: readonly (readonly [
  name: string,
  attacks: readonly Attack[],
  open: readonly OpenAttack[],
])[] = [
  ["sessions-and-pages", sessionsAndPages, sessionsAndPagesOpen],
  ["own-tokens", ownTokens, ownTokensOpen],
  ["token-scheme", tokenScheme, tokenSchemeOpen],
];

/** The tests of the apps hold each of these numbers: they run every attack at every stage. */
function numbersOf(name: string, attacks: readonly Attack[]): string {
  const report = changesOf(name, "report");
  const enforce = changesOf(name, "enforce");
  const logged = attacks.filter(({ named }) => typeof named === "string").length;
  const works = attacks.filter(({ endsWithTheEnvironment }) => !endsWithTheEnvironment).length;
  const cells = [
    `\`${name}\``,
    attacks.length,
    works,
    logged === attacks.length ? logged : `${logged}, and ${attacks.length - logged} as a warning`,
    0,
    report.added,
    enforce.lines,
    `${enforce.added + enforce.removed} (${enforce.added} + ${enforce.removed})`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function rowOf({ name, risk, named }: Attack): string {
  const word = typeof named === "string" ? named : `warning ${named.warning}`;
  const text = name.replaceAll(/__proto__|constructor\.prototype/g, "`$&`");
  return `| ${text} | ${risk.split(" ")[0]} | \`${word.replace(":report:", " ")}\` |`;
}

describe.each(apps)("the guide to legacy apps, on %s,", (name, attacks, open) => {
  it("has the numbers that the tests hold", () => {
    expect(GUIDE).toContain(`\n${numbersOf(name, attacks)}\n`);
  });

  it("lists every attack, and what names it", () => {
    expect(GUIDE).toContain(`\n${attacks.map(rowOf).join("\n")}\n`);
  });

  it("lists what stays open", () => {
    expect(GUIDE).toContain(`\n${open.map((attack) => `- ${attack.name}`).join("\n")}\n\n`);
  });

  it("shows the changes as they are", () => {
    expect(GUIDE).toContain(`\`\`\`diff\n${changesOf(name, "enforce").text}\n\`\`\``);
  });
});
