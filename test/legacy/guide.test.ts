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
import { TABLES } from "./support/tables.js";
import { attacks as tokenScheme, open as tokenSchemeOpen } from "./token-scheme/attacks.js";

const GUIDE = readFileSync(join(__dirname, "../../docs/guides/legacy-apps.md"), "utf8");

const apps: readonly (readonly [
  name: keyof typeof TABLES,
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

function tableOf(name: string): { readonly source: string; readonly table: string } {
  const source = readFileSync(join(__dirname, name, "table.js"), "utf8");
  return { source, table: /^ {2}routes: \{\n.*?^ {2}otherwise: [^\n]*$/ms.exec(source)?.[0] ?? "" };
}

/** The tests of the tables hold the routes; rows and lines are counted in `table.js`. */
function tableNumbersOf(name: keyof typeof TABLES, attacks: readonly Attack[]): string {
  const { routes, reached, enforced, open, works } = TABLES[name];
  const { source, table } = tableOf(name);
  const isOfThe15 = (attack: string) => attacks.some((one) => one.name === attack);
  const cells = [
    `\`${name}\``,
    routes.length,
    routes.length,
    reached.length,
    enforced.length,
    0,
    Object.keys(open).length,
    table.match(/^ {4}'/gm)?.length,
    table.match(/^.*\S/gm)?.length,
    source.match(/^.*\S/gm)?.length,
    works.filter(isOfThe15).length,
  ];
  return `| ${cells.join(" | ")} |`;
}

describe.each(apps)("the guide to legacy apps, on %s,", (name, attacks, open) => {
  it("has the numbers that the tests hold", () => {
    expect(GUIDE).toContain(`\n${numbersOf(name, attacks)}\n`);
  });

  it("has the numbers of the table", () => {
    expect(GUIDE).toContain(`\n${tableNumbersOf(name, attacks)}\n`);
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

describe("the guide to legacy apps", () => {
  it("shows a table as it is", () => {
    const { table } = tableOf("sessions-and-pages");
    expect(GUIDE).toContain(`\`\`\`diff\n${table.replaceAll(/^/gm, "+")}\n\`\`\``);
  });

  it("lists what the tables do not stop", () => {
    const ofThe15 = apps.flatMap(([name, attacks]) =>
      attacks.filter((attack) => (TABLES[name].works as readonly string[]).includes(attack.name)),
    );
    for (const { name } of ofThe15) expect(GUIDE).toContain(`- ${name}\n`);
  });
});
