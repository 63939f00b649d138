/**
 * Characters that nobody sees, or that change how others are shown: controls (of terminals too), marks and overrides of
 * direction, separators of lines, zero-width ones, halves of surrogate pairs. What XML 1.0 forbids is among them.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\p{NChar}]/gu;

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
/** What means something to a renderer of Markdown, in some place or other. Within words, `_` means nothing. */
const MARKDOWN =
  /[\\`*{}[\]<>#!|~&@$^]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:?\/\/|(?<=www)\.|^[-+= ]|(?<=^\d{1,9})[.)]/giu;
/** What makes a link or a mention of the text around it, also where it is written as a reference to a character. */
const LINKING: readonly string[] = ["@", "#", "://", "//", "."];

/** For terminals: every character can be seen, and none moves the cursor. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`);
}

/** For the text and the attributes of HTML and XML. */
export function escapeMarkup(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (found) => HTML[found] ?? found);
}

/** Text in Markdown that is shown as it is: nothing in it is a link, a mention, emphasis or a cell of a table. */
export function escapeMarkdown(text: string): string {
  return visible(text).replaceAll(MARKDOWN, (found) => {
    const references = Array.from(found, (one) => `&#${one.charCodeAt(0)};`).join("");
    // Links are sought in each piece of text alone.
    return LINKING.includes(found) ? `<span>${references}</span>` : references;
  });
}

/** Code in Markdown, in a cell of a table as well. */
export function markdownCode(text: string): string {
  const shown = visible(text);
  // Renderers disagree about backslashes, bars and tags in code within tables, and blanks at the ends are cut off.
  const isPlain = /^[^`|\\<>&\s](?:[^`|\\<>&]*[^`|\\<>&\s])?$/.test(shown);
  return isPlain ? `\`${shown}\`` : `<code>${escapeMarkdown(text)}</code>`;
}

/** A block of code in Markdown, whose fence does not occur in it. */
export function markdownBlock(language: string, code: string): string {
  const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

/** JSON that can be shown in a terminal: the same value, with every unseen character as an escape. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(UNSEEN, (found) =>
    found === "\n" ? found : escapedUnits(found),
  );
}

/** The messages of SARIF have links in square brackets and placeholders in braces (SARIF 2.1.0 §3.11.5, §3.11.6). */
export function escapeSarif(text: string): string {
  return visible(text)
    .replaceAll(/[\\[\]]/g, (found) => `\\${found}`)
    .replaceAll(/[{}]/g, (found) => found + found);
}

function escapedUnits(text: string): string {
  let escaped = "";
  for (let index = 0; index < text.length; index += 1) {
    escaped += `\\u${text.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
