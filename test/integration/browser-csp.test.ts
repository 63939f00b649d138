import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getCspNonce, secureHeaders } from "../../src/secure-headers/index.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";

/** A template as apps have them: one script and one style of its own, and what got into it through the name. */
const TEMPLATE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<script nonce="<%= cspNonce %>">window.own = true;
window.violations = [];
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, disposition }) => {
  window.violations.push(disposition + " " + effectiveDirective);
});</script>
<style nonce="<%= cspNonce %>">body { color: rgb(1, 2, 3) }</style><style>h1 { color: rgb(9, 9, 9) }</style></head>
<body><h1>Hello <%- name %></h1><img id="same" src="/picture.svg" alt="">
<script nonce="<%= cspNonce %>" src="/app.js"></script></body></html>`;
const INJECTED =
  "<script>window.injected = true;</script><img src=x onerror='window.injected = true'>";

const SCRIPT = `addEventListener("load", async () => {
  const load = (url) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done(true);
    image.onerror = () => done(false);
    image.src = url;
  });
  const other = location.origin.replace("127.0.0.1", "localhost");
  // A window that this page has no hold of any more looks closed.
  const keepsHold = (popup) => new Promise((done) => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
      if (!popup.closed && turns < 20) return;
      clearInterval(timer);
      done(!popup.closed);
    }, 100);
  });
  const seen = {
    own: window.own === true,
    injected: window.injected === true,
    styled: getComputedStyle(document.body).color === "rgb(1, 2, 3)",
    strayStyle: getComputedStyle(document.querySelector("h1")).color === "rgb(9, 9, 9)",
    same: await load("/picture.svg"),
    crossOrigin: await load(other + "/picture.svg"),
    crossOriginAllowed: await load(other + "/open.svg"),
    holdsPopup: await keepsHold(window.open(other + "/plain-popup")),
    holdsPopupWithPolicy: await keepsHold(window.open(other + "/popup")),
    violations: window.violations,
  };
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
});`;

const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>';

describe.skipIf(!hasChromium())("a page with nonces in Chromium", () => {
  const nonces: string[] = [];
  const views = mkdtempSync(join(tmpdir(), "views-"));
  let seen: Record<string, unknown> = {};
  let server: Server | undefined;
  let browser: Visit | undefined;

  beforeAll(async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((done) => {
      finish = done;
    });
    writeFileSync(join(views, "shop.ejs"), TEMPLATE);
    const app = express().set("views", views);
    app.use(
      secureHeaders({
        preset: "web",
        permissionsPolicy: "deny-all",
        csp: { nonce: true, reportOnly: { imgSrc: "http://localhost:*" } },
        helmet: {
          contentSecurityPolicy: { directives: { imgSrc: ["'self'", "http://localhost:*"] } },
        },
      }),
    );
    app.get("/", (req, res) => {
      nonces.push(getCspNonce(req));
      res.render("shop.ejs", { name: INJECTED });
    });
    app.get("/app.js", (_req, res) => void res.type("js").send(SCRIPT));
    app.get("/picture.svg", (_req, res) => void res.type("svg").send(PICTURE));
    app.get("/open.svg", (_req, res) => {
      res.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
      res.type("svg").send(PICTURE);
    });
    app.get("/popup", (_req, res) => void res.type("html").send("<p>popup"));
    app.get("/plain-popup", (_req, res) => {
      res.removeHeader("Cross-Origin-Opener-Policy");
      res.type("html").send("<p>popup");
    });
    app.post("/seen", express.text({ type: "*/*" }), (req, res) => {
      seen = JSON.parse(req.body as string) as typeof seen;
      res.end();
      finish();
    });
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    browser = await visit(`http://127.0.0.1:${port}/`, finished, ["--disable-popup-blocking"]);
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    server?.closeAllConnections();
    rmSync(views, { recursive: true, force: true });
  });

  it("runs the scripts and styles that carry the nonce, and none that got into the page", () => {
    expect(seen).toMatchObject({ own: true, injected: false, styled: true, strayStyle: false });
    expect(nonces[0]).toMatch(/^[\w-]{24}$/);
  });

  it("reports what the second policy would stop, and lets it pass", () => {
    expect(seen).toMatchObject({ same: true });
    const violations = seen["violations"] as readonly string[];
    expect(violations).toContain("report img-src");
    expect(violations).toContain("enforce script-src-attr");
    expect(violations).not.toContain("enforce img-src");
  });

  it("loads a picture of another origin only if its Cross-Origin-Resource-Policy agrees", () => {
    expect(seen).toMatchObject({ crossOrigin: false, crossOriginAllowed: true });
  });

  it("keeps hold of pop-ups of other origins, unless they cut it with a policy of their own", () => {
    expect(seen).toMatchObject({ holdsPopup: true, holdsPopupWithPolicy: false });
  });

  it("says nothing of a feature of the policy that it does not know", () => {
    const lines = browser?.console().filter((line) => /permissions policy|feature/i.test(line));
    expect(lines).toEqual([]);
  });
});
