import { createHash } from "node:crypto";
import type { Problem } from "../../core/refusal/problem-details.js";
import type { AnswerForm } from "../../core/refusal/respond.js";

const STYLE =
  ":root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1.5rem}h1{font-size:1.5rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;font-size:.875rem}dt{opacity:.75}dd{margin:0;overflow-wrap:anywhere}";
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** The policy of the app may forbid the one style, and is not needed here: nothing else is allowed. */
const POLICY = `default-src 'none';style-src 'sha256-${STYLE_HASH}';base-uri 'none';form-action 'none';frame-ancestors 'none'`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A refusal as a page of its own: status, detail, code and request id, without a script or anything from elsewhere. */
export const ERROR_PAGE: AnswerForm = Object.freeze({
  headers: [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Security-Policy", POLICY],
    ["X-Content-Type-Options", "nosniff"],
  ] as const,
  render: renderPage,
});

function renderPage({ status, title, detail, code, requestId }: Problem): string {
  // Of another copy of this library they may be anything.
  for (const text of [title, detail, code])
    if (typeof text !== "string")
      throw new TypeError("a problem must have a title, a detail and a code");
  const heading = escapeText(`${status} ${title}`);
  const id = requestId === undefined ? "" : `<dt>Request</dt><dd>${escapeText(requestId)}</dd>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${heading}</title><style>${STYLE}</style></head>
<body><main><h1>${heading}</h1><p>${escapeText(detail)}</p>
<dl><dt>Code</dt><dd>${escapeText(code)}</dd>${id}</dl></main></body>
</html>
`;
}

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
