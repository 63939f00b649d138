import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuditReport, GENERATOR } from "../../src/audit-log/report/audit-report.js";
import { createLogSummary } from "../../src/audit-log/report/create-log-summary.js";
import { standsOut } from "../../src/audit-log/report/stands-out.js";
import { formatReportPage } from "../../src/cli/audit-report/page/format-report-page.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";
import { contrast } from "../support/contrast.js";
import { hostileLog, lineOf, sampleLog } from "../support/sample-log.js";

/** The page allows no other script: the one around it looks at it, once as wide as a phone and once as a screen. */
const OUTER = `<!doctype html><meta charset="utf-8"><iframe src="/page" width="390" height="800"></iframe><script>
addEventListener("load", async () => {
  const frame = document.querySelector("iframe");
  const view = frame.contentWindow;
  const page = view.document;
  const colors = (selector) => {
    const element = page.querySelector(selector);
    if (element === null) return ["missing " + selector, ""];
    let back = element;
    while (view.getComputedStyle(back).backgroundColor === "rgba(0, 0, 0, 0)") back = back.parentElement;
    return [view.getComputedStyle(element).color, view.getComputedStyle(back).backgroundColor];
  };
  const fill = (selector) => {
    const element = page.querySelector(selector);
    if (element === null) return ["missing " + selector, ""];
    return [view.getComputedStyle(element).fill, view.getComputedStyle(page.querySelector("section")).backgroundColor];
  };
  const wide = () => {
    const root = page.documentElement;
    const out = [...page.querySelectorAll("section, .tiles li, .remarks li, h1, .plot")].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.right > root.clientWidth + 1 || box.left < -1;
    });
    return root.scrollWidth > root.clientWidth || out.length > 0;
  };
  const tallest = () => Math.max(...[...page.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect().height));
  const heightsOf = (selector) => [...page.querySelectorAll(selector)].map((one) => one.getBoundingClientRect().height);
  const seen = { title: page.title, wideOnPhone: wide(), tallestOnPhone: tallest() };
  frame.width = 1280;
  await new Promise((done) => setTimeout(done, 200));
  Object.assign(seen, {
    wideOnScreen: wide(),
    tallestOnScreen: tallest(),
    tallestTile: Math.max(...heightsOf(".tiles li")),
    tallestWord: Math.max(...heightsOf(".tiles strong")),
    injected: Object.hasOwn(view, "injected") || Object.hasOwn(window, "injected"),
    scripts: page.scripts.length,
    styles: page.querySelectorAll("style, link").length,
    loaded: page.querySelectorAll("img, iframe, object, embed, video, audio, form, base, link, image, use, foreignObject, animate, set").length,
    handlers: [...page.querySelectorAll("*")].filter((one) => [...one.attributes].some(({ name }) => name.startsWith("on") || name === "style")).length,
    links: [...page.links].filter((one) => !one.getAttribute("href").startsWith("#")).length,
    colors: ["h1", ".period", "nav a", ".tiles .label", ".tiles strong", ".tiles .more", ".remarks li", ".remarks b", ".legend li", ".unit",
      "figcaption", ".scale span", ".ticks text", "#readout", ".note", "thead th", "tbody th code", "td", "td small", "summary", "footer p"].map(colors),
    tones: [".tiles .good strong", ".tiles .bad strong", ".tiles .warn strong", ".remarks .bad b", ".remarks .warn b", ".word.bad"]
      .filter((one) => page.querySelector(one) !== null).map(colors),
    fills: ["path.succeeded", "path.refused", "path.serverErrors", "path.clientErrors", "path.unfinished"]
      .filter((one) => page.querySelector(one) !== null).map(fill),
  });
  const search = page.getElementById("search");
  const rows = () => [...page.querySelectorAll("table.sortable tbody tr")].filter((row) => !row.hidden).length;
  seen.all = rows();
  search.value = "198.51.100.77";
  search.dispatchEvent(new view.Event("input"));
  seen.found = rows();
  search.value = "";
  search.dispatchEvent(new view.Event("input"));
  const plot = page.querySelector(".plot > svg");
  const press = (key) => plot.dispatchEvent(new view.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  press("ArrowRight");
  press("ArrowRight");
  seen.readout = page.getElementById("readout").textContent;
  const head = page.querySelector("#addresses ~ .scroll thead .n button, #addresses + .scroll thead .n button");
  const first = () => page.querySelector("#addresses ~ .scroll tbody tr").textContent;
  const before = head === null ? "" : first();
  head?.click();
  head?.click();
  seen.sorted = head === null || before !== first();
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
});
</script>`;

interface Seen {
  readonly [name: string]: unknown;
  readonly colors: readonly Pair[];
  readonly tones: readonly Pair[];
  readonly fills: readonly Pair[];
}

type Pair = readonly [ink: string, paper: string];

/** The highest row that is allowed: a few lines, whatever stands in the log. */
const HIGHEST_ROW = 400;
const HIGHEST_TILE = 170;
const HIGHEST_WORD = 40;

describe.skipIf(!hasChromium())("the page of audit-report in Chromium", () => {
  describe.each([
    ["a quiet log", pageOf(sampleLog().map(lineOf)), "1"],
    ["a quiet log in the dark", pageOf(sampleLog().map(lineOf)), "0"],
    ["a hostile log", pageOf(hostileLog()), "1"],
    ["a hostile log in the dark", pageOf(hostileLog()), "0"],
  ])("about %s", (name, page, scheme) => {
    let seen: Seen;
    const asked: string[] = [];
    let server: Server | undefined;
    let browser: Visit | undefined;

    beforeAll(async () => {
      let finish = (_seen: Seen): void => undefined;
      const finished = new Promise<Seen>((done) => {
        finish = done;
      });
      const made = createServer((req, res) => {
        asked.push(String(req.url));
        if (req.method === "POST") {
          void text(req).then((body) => finish(JSON.parse(body)));
          res.end();
          return;
        }
        res.setHeader("Content-Type", "text/html; charset=utf-8");
        res.end(req.url === "/page" ? page : OUTER);
      });
      server = made;
      await new Promise<void>((done) => made.listen(0, "127.0.0.1", done));
      const { port } = made.address() as AddressInfo;
      browser = await visit(`http://127.0.0.1:${port}/`, finished, [
        `--blink-settings=preferredColorScheme=${scheme}`,
      ]);
      seen = await finished;
    }, 120_000);

    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    it("runs nothing of the log, and asks the network for nothing", () => {
      expect(seen).toMatchObject({
        injected: false,
        scripts: 1,
        styles: 1,
        loaded: 0,
        handlers: 0,
        links: 0,
      });
      const usual = ["/", "/page", "/seen", "/favicon.ico"];
      expect(asked.filter((url) => !usual.includes(url))).toEqual([]);
      expect(browser?.console() ?? []).toEqual([]);
    });

    it("fits a phone and a screen", () => {
      expect(seen).toMatchObject({ wideOnPhone: false, wideOnScreen: false });
      expect(seen["tallestOnPhone"]).toBeLessThan(HIGHEST_ROW);
      expect(seen["tallestOnScreen"]).toBeLessThan(HIGHEST_ROW);
      expect(seen["tallestTile"]).toBeLessThan(HIGHEST_TILE);
      // One line: no word is broken.
      expect(seen["tallestWord"]).toBeLessThan(HIGHEST_WORD);
    });

    it("has enough contrast in texts (4.5:1) and in charts (3:1)", () => {
      for (const [ink, paper] of [...seen.colors, ...seen.tones]) {
        expect(contrast(ink, paper), `${ink} on ${paper}`).toBeGreaterThanOrEqual(4.5);
      }
      for (const [ink, paper] of seen.fills) {
        expect(contrast(ink, paper), `${ink} on ${paper}`).toBeGreaterThanOrEqual(3);
      }
    });

    it("finds, sorts, and reads a moment with the keyboard", () => {
      expect(seen["readout"]).toMatch(/^2026-11-26 \d\d:\d\d:\d\d UTC(?: · |$)/);
      if (!name.startsWith("a quiet log")) return;
      expect(seen["found"]).toBeGreaterThan(0);
      expect(seen["found"]).toBeLessThan(Number(seen["all"]) / 4);
      expect(seen["sorted"]).toBe(true);
    });
  });
});

function pageOf(lines: readonly string[]): string {
  const builder = createLogSummary({
    from: Number.NEGATIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
    most: 15,
  });
  for (const [index, line] of lines.entries()) builder.line(line, () => `<b>${index}`);
  const summary = builder.result();
  const report: AuditReport = {
    generator: GENERATOR,
    format: 1,
    title: "Shop</title><script>injected = true</script>",
    generated: "2026-11-26T12:00:00.000Z",
    top: 15,
    files: [
      {
        file: "<img src=/evil.png>.jsonl",
        lines: lines.length,
        bytes: 1,
        compressed: true,
        byteOrderMark: true,
        carriageReturns: 3,
        damaged: true,
      },
    ],
    chain: {
      integrity: "tampered",
      completeness: "incomplete",
      streams: 1,
      findings: [
        {
          verdict: "tampered",
          kind: "changed_record",
          place: "<b>:1",
          stream: "<script>injected = true</script>",
          message: "record <script>injected = true</script> was changed",
        },
      ],
      moreFindings: 3,
    },
    standsOut: standsOut(summary, undefined),
    summary,
  };
  return formatReportPage(report);
}
