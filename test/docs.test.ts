import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./support/package-manifest.js";

const FENCE = /^```(\S*)(.*)\n([\s\S]*?)^```$/gm;
/** Code, status and detail of one row. */
const CODE_ROW = /^\| `([a-z_]+)` \| (.*?) \| (.*?) \|/gm;
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

const pages = pagesOf(root);

describe("the documentation", () => {
  it("has code blocks that compile against the built package", () => {
    const folder = join(root, "test", ".generated", "docs");
    const blocks = pages.flatMap((page) => codeBlocks(page));
    expect(blocks.length).toBeGreaterThan(0);
    writeProject(folder, blocks);
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], {
      encoding: "utf8",
      cwd: folder,
    });
    expect(stdout.split("\n").filter((line) => line !== "")).toEqual([]);
  });

  it("marks code blocks with their language and nothing else", () => {
    const marked = pages.flatMap((page) =>
      [...textOf(page).matchAll(FENCE)]
        .filter(
          ([, language = "", rest = ""]) =>
            language === "" || language === "typescript" || rest.trim() !== "",
        )
        .map(([block]) => `${page}: ${block.split("\n")[0]}`),
    );
    expect(marked).toEqual([]);
  });

  it("lists every error code, and no other, once, with its statuses and its sentence", () => {
    const { ERROR_CODES } = createRequire(join(root, "package.json"))("express-secure-api/errors");
    const page = textOf("docs/reference/errors.md");
    const rows = page.slice(page.indexOf("## Codes")).matchAll(CODE_ROW);
    const listed = [...rows].map(([, code, statuses = "", detail]) => ({
      code,
      statuses: [...new Set(statuses.match(/\b[45](?:\d\d|xx)\b/g))],
      detail,
    }));
    const table = Object.entries<ErrorRow>(ERROR_CODES).map(([code, { detail, ...row }]) => ({
      code,
      statuses: statusesOf(row),
      detail,
    }));
    const byCode = (one: { code?: string | undefined }, other: { code?: string | undefined }) =>
      String(one.code).localeCompare(String(other.code));
    expect(listed.sort(byCode)).toEqual(table.sort(byCode));
  });

  it("links to files and headings that exist", () => {
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .filter((link) => !resolves(page, link))
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});

interface CodeBlock {
  /** Name of the module: it tells page and line, so that a compiler message does. */
  readonly name: string;
  readonly code: string;
}

interface ErrorRow {
  readonly status: number;
  readonly otherStatuses?: readonly number[] | string;
  readonly detail: string;
}

/** The statuses of a code, as the page of errors spells them: a class of statuses holds the usual one. */
function statusesOf({ status, otherStatuses = [] }: Omit<ErrorRow, "detail">): readonly string[] {
  if (typeof otherStatuses === "string") return [otherStatuses];
  return [status, ...otherStatuses].map(String);
}

/** All Markdown pages that users read, as paths below the root. */
function pagesOf(folder: string): readonly string[] {
  const top = readdirSync(folder).filter((name) => name.endsWith(".md"));
  const below = ["docs", "examples"]
    .filter((name) => existsSync(join(folder, name)))
    .flatMap((name) =>
      // With types, links are not followed: those of the examples lead back to the root, and again to all examples.
      readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
        .filter((path) => !path.includes("node_modules")),
    );
  return [...top, ...below].sort();
}

function textOf(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

function codeBlocks(page: string): readonly CodeBlock[] {
  const text = textOf(page);
  return [...text.matchAll(FENCE)]
    .filter(([, language]) => language === "ts")
    .map((match) => {
      const line = text.slice(0, match.index).split("\n").length;
      return { name: `${page.replaceAll(/[\\/]/g, "__")}__line-${line}.mts`, code: match[3] ?? "" };
    });
}

/** One project for all blocks. It lies inside the package, so `express-secure-api/…` means the built one. */
function writeProject(folder: string, blocks: readonly CodeBlock[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of blocks) writeFileSync(join(folder, name), `${code}export {};\n`);
  writeFileSync(join(folder, "app.d.ts"), 'declare const app: import("express").Express;\n');
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
}

/** The relative links of a page; those in code are none. */
function linksOf(page: string): readonly string[] {
  const prose = textOf(page)
    .replaceAll(FENCE, "")
    .replaceAll(/`[^`\n]*`/g, "code");
  const links = [...prose.matchAll(LINK)].map(([, target = ""]) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

function resolves(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || headingAnchors(target).includes(anchor);
}

/** The anchors that GitHub gives to the headings of a page. */
function headingAnchors(page: string): readonly string[] {
  const prose = textOf(page).replaceAll(FENCE, "");
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
