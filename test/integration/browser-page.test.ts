import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";

/** A page as template engines make them: all of it from files of its own, and one script that got into it. */
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<link rel="stylesheet" href="/style.css"></head><body>
<img id="file" src="/image.svg" alt=""><img id="data" alt=""
 src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='5' height='5'/%3E">
<form id="form" method="post" action="/orders"><input name="item" value="tea"></form>
<script>window.injected = true;</script><script src="/app.js"></script></body></html>`;

const SCRIPT = `addEventListener("load", async () => {
  const seen = {
    injected: window.injected === true,
    styled: getComputedStyle(document.body).color === "rgb(1, 2, 3)",
    file: document.getElementById("file").naturalWidth,
    data: document.getElementById("data").naturalWidth,
    api: await fetch("/api").then((answer) => answer.json()),
    refused: await fetch("/nowhere").then((answer) => answer.headers.get("content-type")),
  };
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
  document.getElementById("form").submit();
});`;

describe.skipIf(!hasChromium())("a page app behind the web preset in Chromium", () => {
  const forms: Record<string, unknown>[] = [];
  let seen: unknown;
  let navigated: unknown;
  let origin = "";
  let server: Server | undefined;
  let browser: Visit | undefined;

  beforeAll(async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((done) => {
      finish = done;
    });
    const app = express().use(secureHeaders({ preset: "web", crossOriginGuard: true }));
    app.get("/", (_req, res) => {
      res.setHeader("Set-Cookie", "sid=1; HttpOnly; SameSite=Lax");
      res.type("html").send(PAGE);
    });
    app.get("/app.js", (_req, res) => void res.type("js").send(SCRIPT));
    app.get("/style.css", (_req, res) => void res.type("css").send("body { color: rgb(1, 2, 3) }"));
    app.get("/image.svg", (_req, res) => {
      res.type("svg").send('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>');
    });
    app.get("/api", (_req, res) => void res.json({ ok: true }));
    app.post("/seen", express.text({ type: "*/*" }), (req, res) => {
      seen = JSON.parse(req.body as string);
      res.end();
    });
    app.post("/orders", express.urlencoded({ extended: false }), (req, res) => {
      forms.push({
        ...(req.body as object),
        cookie: req.headers.cookie,
        origin: req.headers.origin,
      });
      res.redirect(303, "/gone");
    });
    app.use("/gone", (_req, res, next) => {
      res.on("finish", () => {
        navigated = res.getHeader("Content-Type");
        finish();
      });
      next();
    });
    app.use(notFound({ html: true }), errorHandler({ html: true }));
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    origin = `http://127.0.0.1:${port}`;
    browser = await visit(`${origin}/`, finished);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    server?.closeAllConnections();
  });

  it("has its styles, images and requests, and not the script that got into it", () => {
    const files = { injected: false, styled: true, file: 4, data: 5, api: { ok: true } };
    expect(seen).toMatchObject(files);
  });

  it("gets a page where it navigates, and a problem document where a script fetches", () => {
    expect(navigated).toBe("text/html; charset=utf-8");
    expect(seen).toMatchObject({ refused: "application/problem+json" });
  });

  it("sends its forms with the cookie and its own origin, past the cross-origin guard", () => {
    expect(forms).toEqual([{ item: "tea", cookie: "sid=1", origin }]);
  });

  it("says nothing on its console but that the script was stopped", () => {
    const lines = browser?.console().filter((line) => !/favicon|status of 404/.test(line)) ?? [];
    expect(lines.join("\n")).toContain("Executing inline script violates");
    expect(lines).toHaveLength(1);
  });
});
