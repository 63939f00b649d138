/** Style and script of the page. They are constant: the policy of the page allows these two texts and no other. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #f3f5f7; --line: #cfd6dd; --faint: #57606a;
  --open: #b3261e; --open-paper: #fdecea; --public: #7a5200; --guarded: #1a6b33; --focus: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #14171a; --soft: #1e2328; --line: #3a424a;
  --faint: #a3adb7; --open: #ff8a80; --open-paper: #351a1a; --public: #f0c060; --guarded: #7bd88f; --focus: #8ab4f8; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
p { margin: 0 0 1rem; color: var(--faint); }
form { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; margin: 1rem 0; }
input[type=search] { font: inherit; padding: .35rem .6rem; min-width: 16rem; color: inherit; background: var(--paper);
  border: 1px solid var(--faint); border-radius: 4px; }
label { display: inline-flex; gap: .4rem; align-items: center; }
output { color: var(--faint); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .9rem; }
caption { text-align: start; padding: .5rem .75rem; color: var(--faint); }
th, td { padding: .4rem .75rem; text-align: start; vertical-align: top; border-top: 1px solid var(--line); }
thead th { position: sticky; top: 0; background: var(--soft); border-top: 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; z-index: 1; }
tbody th { font-weight: 600; min-width: 14rem; }
td:has(code) { min-width: 11rem; }
tbody tr:hover > * { background: var(--soft); }
code { font: .95em ui-monospace, monospace; overflow-wrap: anywhere; }
.status { font-weight: 600; white-space: nowrap; }
.open, .unresolved { color: var(--open); }
.public { color: var(--public); }
.guarded { color: var(--guarded); }
tr.alarm > * { background: var(--open-paper); }
.note { color: var(--faint); font-weight: 400; }
ul { padding-inline-start: 1.25rem; margin: 0; }
li { overflow-wrap: anywhere; }
[hidden] { display: none !important; }
@media print { .scroll { max-height: none; overflow: visible; } form { display: none; } }
`;

export const SCRIPT = `
"use strict";
const form = document.getElementById("filter");
const box = document.getElementById("search");
const count = document.getElementById("count");
const rows = Array.from(document.querySelectorAll("tbody tr"));
const texts = rows.map((row) => row.textContent.toLowerCase());
const show = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const shown = new Set(Array.from(form.querySelectorAll("input:checked"), (input) => input.value));
  let visible = 0;
  rows.forEach((row, index) => {
    row.hidden = !shown.has(row.dataset.status) || !words.every((word) => texts[index].includes(word));
    if (!row.hidden) visible += 1;
  });
  count.textContent = visible + " of " + rows.length + " shown";
};
form.hidden = false;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.activeElement !== box) {
    event.preventDefault();
    box.focus();
  } else if (event.key === "Escape" && document.activeElement === box) {
    box.value = "";
    show();
  }
});
show();
`;
