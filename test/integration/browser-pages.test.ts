import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import swaggerUi from "swagger-ui-express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";

const DOCUMENT = {
  openapi: "3.0.3",
  info: { title: "Shop", version: "1.0.0", description: "Orders of **one** shop" },
  paths: { "/orders": { get: { responses: { "200": { description: "all orders" } } } } },
};
/** Looks at the page as its user would, and sends one request with it. */
const SWAGGER_PROBE = `const wait = async (selector) => {
  while (!document.querySelector(selector)) await new Promise((done) => setTimeout(done, 20));
  return document.querySelector(selector);
};
addEventListener("load", async () => {
  (await wait(".opblock-summary-control")).click();
  (await wait(".try-out__btn")).click();
  (await wait(".execute")).click();
  const answer = await wait(".live-responses-table .response-col_description pre");
  const seen = {
    title: document.querySelector(".title").textContent,
    answer: answer.textContent,
    styled: getComputedStyle(document.querySelector("svg")).position === "absolute",
  };
  await fetch("/seen/swagger", { method: "POST", body: JSON.stringify(seen) });
});`;
const VIEW = `<!doctype html><title>Admin</title>
<style nonce="<%= cspNonce %>">body { color: rgb(1, 2, 3) }</style>
<script>window.injected = true;</script>
<p><%= name %></p>
<script nonce="<%= cspNonce %>">addEventListener("load", () => fetch("/seen/admin", { method: "POST", body: JSON.stringify({
  injected: window.injected === true, color: getComputedStyle(document.body).color, name: document.querySelector("p").textContent,
}) }));</script>`;

describe.skipIf(!hasChromium())("pages in an API in Chromium", () => {
  const seen: Record<string, unknown> = {};
  const finish = new Map<string, () => void>();
  const visits: Record<string, Visit> = {};
  const views = mkdtempSync(join(tmpdir(), "views-"));
  let server: Server | undefined;

  beforeAll(async () => {
    writeFileSync(join(views, "admin.ejs"), VIEW);
    const app = express().set("views", views).set("view engine", "ejs");
    app.use(
      secureHeaders({
        crossOriginGuard: true,
        pages: {
          "/docs/*": "swagger-ui",
          "/admin/*": { profile: "web", csp: { nonce: true } },
        },
      }),
    );
    app.use("/docs", swaggerUi.serve, swaggerUi.setup(DOCUMENT, { customJs: "/probe.js" }));
    app.get("/probe.js", (_req, res) => void res.type("js").send(SWAGGER_PROBE));
    app.get("/orders", (_req, res) => void res.json(["tea"]));
    app.get("/admin", (_req, res) => res.render("admin", { name: "<b>Ann</b>" }));
    app.post("/seen/:page", express.text({ type: "*/*" }), (req, res) => {
      seen[req.params.page] = JSON.parse(req.body as string);
      res.end();
      finish.get(req.params.page)?.();
    });
    app.use(notFound(), errorHandler());
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const [page, path] of [
      ["swagger", "/docs/"],
      ["admin", "/admin"],
    ] as const) {
      const finished = new Promise<void>((done) => void finish.set(page, done));
      visits[page] = await visit(`${origin}${path}`, finished);
    }
  }, 120_000);

  afterAll(async () => {
    for (const page of Object.values(visits)) await page.close();
    server?.close();
    rmSync(views, { recursive: true });
  });

  it("shows Swagger UI with its styles, and sends requests with it", () => {
    expect(seen["swagger"]).toEqual({
      title: expect.stringContaining("Shop"),
      answer: expect.stringContaining("tea"),
      styled: true,
    });
  });

  it("stops nothing of Swagger UI", () => {
    const violations = visits["swagger"]?.console().filter((line) => /Content Security/.test(line));
    expect(violations).toEqual([]);
  });

  it("runs what carries the nonce in an EJS page, and nothing that got into it", () => {
    expect(seen["admin"]).toEqual({
      injected: false,
      color: "rgb(1, 2, 3)",
      name: "<b>Ann</b>",
    });
    const [violation, ...others] =
      visits["admin"]?.console().filter((line) => /Content Security/.test(line)) ?? [];
    expect(violation).toMatch(/inline script/i);
    expect(others).toEqual([]);
  });
});
