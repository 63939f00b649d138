import { createHash } from "node:crypto";

/** A page that needs nothing else. */
export interface HtmlDocument {
  /** Markup: whatever is not ours in it has been escaped. */
  readonly title: string;
  /** What made the page, for the command that may replace it. */
  readonly generator?: string;
  /** A constant, as the script is: the policy of the page allows these texts and no other. */
  readonly style: string;
  readonly script?: string;
  /** Markup: whatever is not ours in it has been escaped. */
  readonly body: string;
}

/**
 * A page in one text. Its own policy allows its style and its script and nothing besides: it asks the network for nothing,
 * and what slipped into its markup could do nothing.
 */
export function htmlDocument(document: HtmlDocument): string {
  const { title, generator, style, script, body } = document;
  const policy = [
    "default-src 'none'",
    `style-src ${sourceOf(style)}`,
    ...(script === undefined ? [] : [`script-src ${sourceOf(script)}`]),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${generator === undefined ? "" : `<meta name="generator" content="${generator}">\n`}<meta http-equiv="Content-Security-Policy" content="${policy.join("; ")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}</main>
${script === undefined ? "" : `<script>${script}</script>\n`}</body>
</html>
`;
}

/** @see https://www.w3.org/TR/CSP3/#grammardef-hash-source */
function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
