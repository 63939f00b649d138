import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findingsOf } from "../../src/route-audit/findings/findings-of.js";
import { FORMATS } from "../../src/route-audit/format-routes.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";
import { contrast } from "../support/contrast.js";
import { HOSTILE, reportOf, SHOP } from "../support/route-reports.js";

/** What happens to the page is done by the page around it, because its own policy allows no other script. */
const OUTER = `<!doctype html><meta charset="utf-8"><iframe src="/page"></iframe><script>
addEventListener("load", async () => {
  const view = document.querySelector("iframe").contentWindow;
  const page = view.document;
  const box = page.getElementById("search");
  const shown = () => [...page.querySelectorAll("tbody tr")].filter((row) => row.checkVisibility())
    .map((row) => row.querySelector("th").textContent);
  const type = (text) => {
    box.value = text;
    box.dispatchEvent(new view.Event("input", { bubbles: true }));
  };
  const press = (key) => page.activeElement.dispatchEvent(
    new view.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const seen = { all: shown(), injected: view.injected === true, images: page.images.length };
  seen.bare = Object.keys(view).filter((name) => name === "alert1").length;
  press("/");
  seen.focused = page.activeElement === box;
  type("SCOPE orders");
  seen.filtered = shown();
  seen.count = page.getElementById("count").textContent;
  press("Escape");
  seen.again = shown().length;
  const open = page.querySelector("input[value=open]");
  open.click();
  seen.withoutOpen = shown().length;
  open.click();
  seen.tabStops = [...page.querySelectorAll("input, [tabindex]")].filter((one) => one.tabIndex === 0).length;
  const colors = (selector) => {
    const style = view.getComputedStyle(page.querySelector(selector));
    let back = page.querySelector(selector);
    while (view.getComputedStyle(back).backgroundColor === "rgba(0, 0, 0, 0)") back = back.parentElement;
    return [style.color, view.getComputedStyle(back).backgroundColor];
  };
  seen.colors = ["h1", "p", "td .open", "td .public", "td .guarded", "thead th", ".note"].map(colors);
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
});
</script>`;

interface Seen {
  readonly [name: string]: unknown;
  readonly colors: readonly (readonly [ink: string, paper: string])[];
}

describe.skipIf(!hasChromium())("the page about routes in Chromium", () => {
  const report = reportOf([...SHOP.routes, ...HOSTILE.routes], SHOP);
  const page = FORMATS.html(reportOf([...SHOP.routes, ...HOSTILE.routes]), {
    findings: findingsOf(report),
    title: "shop",
  });

  describe.each([
    ["light", "1"],
    ["dark", "0"],
  ])("in %s", (_scheme, value) => {
    let seen: Seen;
    let requests: readonly string[];
    let messages: readonly string[];
    let server: Server | undefined;
    let browser: Visit | undefined;

    beforeAll(async () => {
      const asked: string[] = [];
      let finish = (_seen: Seen): void => undefined;
      const finished = new Promise<Seen>((done) => {
        finish = done;
      });
      server = createServer((req, res) => {
        asked.push(String(req.url));
        if (req.method === "POST") {
          let text = "";
          req.on("data", (chunk) => {
            text += String(chunk);
          });
          req.on("end", () => {
            res.end();
            finish(JSON.parse(text));
          });
          return;
        }
        res.setHeader("Content-Type", "text/html; charset=utf-8");
        res.end(req.url === "/page" ? page : OUTER);
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      browser = await visit(`http://127.0.0.1:${port}/`, finished, [
        `--blink-settings=preferredColorScheme=${value}`,
      ]);
      seen = await finished;
      requests = asked;
      messages = browser.console();
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    it("shows every route, open ones first", () => {
      expect(seen["all"]).toHaveLength(8);
      expect((seen["all"] as string[])[0]).toMatch(/^\/(?:orders|<script>)/);
    });

    it("runs nothing that came with a name, and asks the network for nothing", () => {
      expect(seen).toMatchObject({ injected: false, images: 0, bare: 0 });
      expect(
        requests.filter((url) => !["/", "/page", "/seen", "/favicon.ico"].includes(url)),
      ).toEqual([]);
      expect(messages.filter((line) => /Content Security Policy|Refused/.test(line))).toEqual([]);
    });

    it("filters by what is typed and by status, with the keyboard alone", () => {
      expect(seen).toMatchObject({
        focused: true,
        filtered: ["/orders", "/orders/:id"],
        count: "2 of 8 shown",
        again: 8,
        withoutOpen: 6,
        tabStops: 6,
      });
    });

    it("has enough contrast everywhere", () => {
      for (const [ink, paper] of seen.colors) {
        expect(contrast(ink, paper), `${ink} on ${paper}`).toBeGreaterThanOrEqual(4.5);
      }
    });
  });
});
