import { htmlDocument } from "../../../core/markup/html-document.js";
import { escapeMarkup } from "../../../route-audit/formats/escape.js";
import type { ScanFinding, ScanReport } from "../report/scan-report.js";

/** Constant: the policy of the page allows this text and no other, and no script. */
const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #f3f5f7; --line: #cfd6dd; --faint: #57606a;
  --bad: #b3261e; --warn: #7a5200; --good: #1a6b33; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #14171a; --soft: #1e2328; --line: #3a424a;
  --faint: #a3adb7; --bad: #ff8a80; --warn: #f0c060; --good: #7bd88f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 60rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
h3 { margin: 0 0 .5rem; font-size: 1rem; }
p { margin: 0 0 1rem; color: var(--faint); }
.grade { font-size: 3rem; font-weight: 700; line-height: 1.1; margin: 0; }
.good { color: var(--good); } .bad, .critical, .high { color: var(--bad); } .medium, .low { color: var(--warn); }
.info { color: var(--faint); }
article { border: 1px solid var(--line); border-radius: 4px; padding: .75rem 1rem; margin: 0 0 .75rem; }
article.critical, article.high { background: var(--soft); }
article h3 { color: var(--ink); }
dl { display: grid; grid-template-columns: 4rem 1fr; gap: .25rem .75rem; margin: 0; font-size: .9rem; color: var(--ink); }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
code { font: .95em ui-monospace, monospace; overflow-wrap: anywhere; }
ul { padding-inline-start: 1.25rem; margin: 0; } li { overflow-wrap: anywhere; }
`;

/** One page that needs nothing else. Its own policy allows its style and nothing besides. */
export function formatScanHtml(report: ScanReport): string {
  const { url, grade, score, requests, findings, unchecked, skipped } = report;
  const name = escapeMarkup(url);
  return htmlDocument({
    title: `${grade}: scan of ${name}`,
    style: STYLE,
    body: `<h1>Scan of ${name}</h1>
<p class="grade ${grade.startsWith("A") ? "good" : "bad"}">${grade}</p>
<p>${score} of 100, by ${requests} requests</p>
<h2 id="findings">Findings</h2>
${findings.length === 0 ? "<p>Nothing found.</p>" : findings.map(findingOf).join("\n")}
${listOf(
  "Could not be checked, and counts as the worst that it could have found",
  unchecked.map(({ check, severity, why }) => `${check} (${severity}): ${why}`),
)}${listOf(
  "Not checked",
  skipped.map(({ check, why }) => `${check}: ${why}`),
)}`,
  });
}

function findingOf({ rule, severity, title, seen, at, why, fix }: ScanFinding): string {
  const places = at.map((one) => `<code>${escapeMarkup(one)}</code>`).join(", ");
  return `<article class="${severity}">
<h3><span class="${severity}">${severity}</span> ${escapeMarkup(title)} <code class="info">${rule}</code></h3>
<dl>
<dt>Seen</dt><dd><code>${escapeMarkup(seen)}</code></dd>
<dt>At</dt><dd>${places}</dd>
<dt>Why</dt><dd>${escapeMarkup(why)}</dd>
<dt>Fix</dt><dd>${escapeMarkup(fix)}</dd>
</dl>
</article>`;
}

function listOf(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const items = lines.map((line) => `<li>${escapeMarkup(line)}</li>`);
  return `<h2>${title}</h2>\n<ul>\n${items.join("\n")}\n</ul>\n`;
}
