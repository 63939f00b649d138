/** Constant: the policy of the page allows this text and no other. Contrasts are tested. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #17212b; --paper: #f6f7f9; --card: #fff; --soft: #eef1f4; --line: #d5dbe1; --faint: #55616d;
  --bad: #a8201a; --warn: #7a4d00; --good: #19653a; --link: #0b57a4; --bad-soft: #fdeeec; --warn-soft: #fdf4e2; --good-soft: #e9f5ee;
  --succeeded: #708ca8; --clientErrors: #b98a1d; --refused: #e0531f; --serverErrors: #8b2fc9; --unfinished: #57626e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --paper: #0f1317; --card: #171d23; --soft: #1f272f; --line: #333d47;
  --faint: #a2aeba; --bad: #ff9086; --warn: #f2c46a; --good: #7fd99a; --link: #85bdf7; --bad-soft: #351c1b; --warn-soft: #30260f;
  --good-soft: #14281c; --succeeded: #587896; --clientErrors: #d8ab45; --refused: #ff7b47; --serverErrors: #c58bff; --unfinished: #97a3af; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 3.5rem; }
body { margin: 0; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem clamp(.75rem, 3vw, 2rem) 3rem; }
h1 { margin: 0; font-size: clamp(1.35rem, 4vw, 1.9rem); line-height: 1.25; overflow-wrap: anywhere; letter-spacing: -.01em; }
h2 { margin: 0 0 .75rem; font-size: 1.15rem; } h3 { margin: 1.25rem 0 .35rem; font-size: .95rem; } h2 + h3, h2 + .columns h3 { margin-top: 0; }
p { margin: 0 0 .75rem; } a { color: var(--link); } code { font: .92em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  overflow-wrap: anywhere; unicode-bidi: isolate; direction: ltr; }
.period { margin: .35rem 0 1.25rem; color: var(--faint); overflow-wrap: anywhere; } time { white-space: nowrap; font-variant-numeric: tabular-nums; }
nav { position: sticky; top: 0; z-index: 1; margin: 0 0 1rem; padding: .5rem 0; background: var(--paper); border-bottom: 1px solid var(--line);
  display: flex; gap: .25rem 1rem; flex-wrap: wrap; align-items: center; font-size: .9rem; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; } nav label { margin-inline-start: auto; color: var(--faint); }
input { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--faint); border-radius: 6px; padding: .2rem .5rem; width: 13rem; max-width: 100%; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem clamp(.75rem, 2vw, 1.25rem) 1.25rem; margin: 0 0 1rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0 0 1rem; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; min-width: 0; border-top: 3px solid var(--line); }
.tiles .label { display: block; font-size: .82rem; color: var(--faint); } .tiles strong { display: block; font-size: 1.6rem; line-height: 1.3;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; } .tiles strong.text { font-size: 1.1rem; line-height: 1.89; }
.tiles .more { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; font-size: .82rem; color: var(--faint); overflow-wrap: anywhere; }
.tiles .bad { border-top-color: var(--bad); } .tiles .bad strong { color: var(--bad); } .tiles .warn { border-top-color: var(--warn); }
.tiles .warn strong { color: var(--warn); } .tiles .good { border-top-color: var(--good); } .tiles .good strong { color: var(--good); }
.remarks { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
.remarks li { padding: .5rem .75rem; border-radius: 6px; border-inline-start: 4px solid var(--line); background: var(--soft); overflow-wrap: anywhere; }
.remarks .bad { border-color: var(--bad); background: var(--bad-soft); } .remarks .warn { border-color: var(--warn); background: var(--warn-soft); }
.remarks li.note { font-size: inherit; margin: 0; color: inherit; } .n + :not(.n) { padding-inline-start: .75rem; }
.remarks .good { border-color: var(--good); background: var(--good-soft); } .remarks b { text-transform: uppercase; font-size: .72rem; letter-spacing: .05em; margin-inline-end: .4rem; }
b.bad, .word.bad { color: var(--bad); } b.warn, .word.warn { color: var(--warn); } b.good, .word.good { color: var(--good); } b.note { color: var(--faint); }
.word { font-weight: 600; } .note, .none, .unit, .zero { color: var(--faint); } .note, .none { font-size: .88rem; margin: 0 0 .5rem; } .unit { font-weight: 400; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 0 0 .75rem; padding: 0; list-style: none; font-size: .88rem; }
.legend svg { width: .8rem; height: .8rem; vertical-align: -.08rem; margin-inline-end: .35rem; border-radius: 2px; }
.chart { margin: 0 0 1rem; } figcaption { font-weight: 600; font-size: .95rem; margin: 0 0 .35rem; }
.plot { display: grid; grid-template-columns: minmax(2.5rem, auto) 1fr; gap: .25rem .5rem; } .plot > svg { width: 100%; height: 7.5rem; display: block; overflow: visible; }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: end; font-size: .75rem; line-height: 1; color: var(--faint); font-variant-numeric: tabular-nums; }
.ticks { grid-column: 2; font-size: .75rem; color: var(--faint); font-variant-numeric: tabular-nums; } .ticks svg { display: block; width: 100%; height: 1.25em; overflow: visible; fill: currentcolor; }
.grid { stroke: var(--line); stroke-width: 1; fill: none; vector-effect: non-scaling-stroke; } .hit { fill: transparent; cursor: pointer; } .hit.on { fill: var(--ink); opacity: .12; }
.alert-mark { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 2 3; fill: none; vector-effect: non-scaling-stroke; }
.succeeded { fill: var(--succeeded); } .clientErrors { fill: var(--clientErrors); } .refused { fill: var(--refused); }
.serverErrors { fill: var(--serverErrors); } .unfinished { fill: var(--unfinished); } .plain { fill: var(--succeeded); }
#readout { min-height: 3em; margin: 0 0 .5rem; padding: .4rem .7rem; background: var(--soft); border-radius: 6px; font-size: .88rem; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 1.75rem; } .columns > * { min-width: 0; }
.scroll { overflow-x: auto; margin: 0 0 .5rem; } .scroll.tall { max-height: 26rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; } th, td { text-align: start; vertical-align: top; padding: .32rem .75rem .32rem 0; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; color: var(--faint); white-space: nowrap; vertical-align: bottom; } tbody th { font-weight: 400; position: sticky; inset-inline-start: 0; background: var(--card); } th:first-child { min-width: 9rem; }
.tall th:first-child { padding-inline-start: .6rem; min-width: 7rem; } .tall thead th { position: sticky; top: 0; background: var(--card); }
td code, tbody th code { display: inline-block; max-width: min(26rem, 55vw); max-height: 4.2em; overflow: hidden; overflow-wrap: break-word; vertical-align: top; } .n { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr > :last-child { padding-inline-end: .25rem; } tbody tr:hover > *, tbody tr.on > * { background: var(--soft); } .small table { max-width: 34rem; } td small, th small { display: block; color: var(--faint); overflow-wrap: anywhere; }
thead button { all: unset; cursor: pointer; } thead button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; } [aria-sort=ascending] button::after { content: " ▲"; } [aria-sort=descending] button::after { content: " ▼"; }
.bar { display: block; width: 8rem; height: .55rem; margin-top: .35rem; background: var(--soft); border-radius: 2px; overflow: hidden; }
summary { cursor: pointer; color: var(--link); margin: .25rem 0 .5rem; font-size: .92rem; } ul.files { margin: 0 0 .5rem; padding-inline-start: 1.2rem; } ul.files li { overflow-wrap: anywhere; }
footer { color: var(--faint); font-size: .85rem; } footer li { margin-bottom: .25rem; } [hidden] { display: none !important; } :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media (max-width: 40rem) { .ticks text:nth-child(even) { display: none; } nav label { margin-inline-start: 0; width: 100%; } nav { position: static; } .plot > svg { height: 5.5rem; } .tiles strong { font-size: 1.3rem; } }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print { :root { --ink: #000; --paper: #fff; --card: #fff; --faint: #444; --line: #bbb; } nav, #readout { display: none; } body { font-size: 10pt; } main { max-width: none; padding: 0; }
  section { border: 0; padding: 0; margin: 0 0 1.2rem; } tr, figure, .tiles li, .remarks li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .scroll, .scroll.tall { overflow: visible; max-height: none; border: 0; } .bar, .plot, .legend, .tiles li, .remarks li { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;

/**
 * Constant, as the style is. It makes no markup: it sorts and hides rows that are there, and shows as text what a table
 * says. Without it, the page lacks nothing but that.
 */
export const SCRIPT = `
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const first = head.classList.contains("n") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      for (const one of head.parentNode.cells) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const key = (row) => {
        const cell = row.cells[index];
        return cell.dataset.number === undefined ? cell.textContent : Number(cell.dataset.number);
      };
      const compare = (one, two) => typeof one === "number" && typeof two === "number" ? one - two : String(one).localeCompare(String(two));
      const rows = [...body.rows].sort((one, two) => compare(key(one), key(two)));
      body.append(...(order === "ascending" ? rows : rows.reverse()));
    });
  });
}
const search = document.getElementById("search");
search.parentNode.hidden = false;
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of document.querySelectorAll("table.sortable tbody tr")) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && document.activeElement === search) { search.value = ""; search.dispatchEvent(new Event("input")); }
});
const readout = document.getElementById("readout");
const moments = [...document.querySelectorAll("#moments-table tbody tr")];
const heads = [...document.querySelectorAll("#moments-table thead th")].map((head) => head.textContent);
const plots = [...document.querySelectorAll(".plot > svg")];
if (readout && moments.length > 0) {
  readout.hidden = false;
  let at = -1;
  const show = (index) => {
    at = Math.max(0, Math.min(moments.length - 1, index));
    for (const plot of plots) plot.querySelectorAll(".hit").forEach((hit, one) => hit.classList.toggle("on", one === at));
    const cells = [...moments[at].cells];
    readout.textContent = cells.map((cell, one) => one === 0 ? cell.textContent + " UTC" : heads[one].toLowerCase() + " " + cell.textContent)
      .filter((text) => !/ (0|–|)$/.test(text)).join(" · ");
  };
  for (const plot of plots) {
    plot.tabIndex = 0;
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      show(Math.floor(moments.length * (event.clientX - box.left) / box.width));
    });
    plot.addEventListener("click", () => {
      if (at === -1) return;
      document.getElementById("moments-table").open = true;
      moments.forEach((row, one) => row.classList.toggle("on", one === at));
      moments[at].scrollIntoView({ block: "center" });
    });
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Enter") plot.dispatchEvent(new Event("click"));
      if (step === undefined) return;
      event.preventDefault();
      show(at === -1 && step === 1 ? 0 : at + step);
    });
  }
}
`;
