import { once } from "node:events";
import { createServer, request as forward, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, type Visit, visit } from "../support/chromium.js";
import { type RunningExample, startExample } from "../support/legacy-example.js";
import { ROOT_USER } from "../support/legacy-example-attacks.js";

describe.skipIf(!hasChromium())("the page of harden-legacy-express4 in Chromium", () => {
  const answers = new Map<string, number | undefined>();
  let example: RunningExample;
  let server: Server;
  let browser: Visit | undefined;

  beforeAll(async () => {
    example = await startExample("enforce");
    const answer = await request(example.url).post("/login").type("form").send(ROOT_USER);
    const cookie = String(answer.headers["set-cookie"]).split(";")[0] ?? "";
    let finish = (): void => undefined;
    const finished = new Promise<void>((done) => {
      finish = done;
    });
    // A browser without a window cannot log in, so its cookie is added on the way.
    server = createServer((req, res) => {
      const headers = { ...req.headers, cookie };
      const sent = forward(`${example.url}${req.url}`, { headers }, (back) => {
        answers.set(String(req.url), back.statusCode);
        res.writeHead(back.statusCode ?? 502, back.headers);
        back.pipe(res).on("finish", () => {
          if (req.url === "/customers") finish();
        });
      });
      req.pipe(sent);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    browser = await visit(`http://127.0.0.1:${port}/invoices`, finished);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    await example?.close();
  });

  it("loads its style sheet, its script, and what the script fetches", () => {
    expect(Object.fromEntries(answers)).toEqual({
      "/invoices": 200,
      "/assets/style.css": 200,
      "/assets/customers.js": 200,
      "/customers": 200,
    });
  });

  it("says nothing on its console", () => {
    expect(browser?.console()).toEqual([]);
  });
});
