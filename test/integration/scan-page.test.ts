import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatScanHtml } from "../../src/cli/scan/formats/scan-html.js";
import type { ScanReport } from "../../src/cli/scan/report/scan-report.js";
import { SCAN_RULES } from "../../src/cli/scan/rules/scan-rules.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";
import { contrast } from "../support/contrast.js";

const EVIL = `<script>window.injected = true</script><img src="/evil.png" onerror="injected=1">"'&\u202e`;
const REPORT: ScanReport = {
  url: `http://localhost:3000/${EVIL}`,
  grade: "F",
  score: 0,
  requests: 30,
  findings: Object.entries(SCAN_RULES).map(([rule, one]) => ({
    rule,
    ...one,
    seen: EVIL,
    at: [EVIL, "GET /orders"],
  })),
  unchecked: [{ check: "tls", severity: "high", why: EVIL }],
  skipped: [{ check: "caching", why: EVIL }],
};

/** The page allows no script: the one around it looks at it. */
const OUTER = `<!doctype html><meta charset="utf-8"><iframe src="/page" width="360" height="600"></iframe><script>
addEventListener("load", async () => {
  const view = document.querySelector("iframe").contentWindow;
  const page = view.document;
  const colors = (selector) => {
    const style = view.getComputedStyle(page.querySelector(selector));
    let back = page.querySelector(selector);
    while (view.getComputedStyle(back).backgroundColor === "rgba(0, 0, 0, 0)") back = back.parentElement;
    return [style.color, view.getComputedStyle(back).backgroundColor];
  };
  const seen = {
    articles: page.querySelectorAll("article").length,
    injected: view.injected === true,
    images: page.images.length,
    wide: page.documentElement.scrollWidth > page.documentElement.clientWidth,
    colors: ["h1", "p", ".grade", "h2", "dt", "dd", "article h3", ".info",
      ...["critical", "high", "medium", "low", "info"].map((one) => "span." + one),
      "article.critical dt", "article.critical code.info"].map(colors),
  };
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
});
</script>`;

interface Seen {
  readonly [name: string]: unknown;
  readonly colors: readonly (readonly [ink: string, paper: string])[];
}

describe.skipIf(!hasChromium())("the page about a scan in Chromium", () => {
  const page = formatScanHtml(REPORT);

  describe.each([
    ["light", "1"],
    ["dark", "0"],
  ])("in %s", (_scheme, value) => {
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
        `--blink-settings=preferredColorScheme=${value}`,
      ]);
      seen = await finished;
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    it("shows every finding, and fits a narrow window", () => {
      expect(seen).toMatchObject({ articles: REPORT.findings.length, wide: false });
    });

    it("runs nothing that came from the server, and asks the network for nothing", () => {
      expect(seen).toMatchObject({ injected: false, images: 0 });
      const usual = ["/", "/page", "/seen", "/favicon.ico"];
      expect(asked.filter((url) => !usual.includes(url))).toEqual([]);
      const messages = browser?.console() ?? [];
      expect(messages.filter((line) => /Content Security Policy|Refused/.test(line))).toEqual([]);
    });

    it("has enough contrast everywhere", () => {
      for (const [ink, paper] of seen.colors) {
        expect(contrast(ink, paper), `${ink} on ${paper}`).toBeGreaterThanOrEqual(4.5);
      }
    });
  });
});
