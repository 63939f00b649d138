import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oauthGuard } from "../../src/oauth-guard/index.js";
import { rateLimit } from "../../src/rate-limit/index.js";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";

/** To Chromium, `localhost` and `127.0.0.1` are different sites; ports are different origins of one site. */
const API_HOST = "127.0.0.1";
const PAGE_HOST = "localhost";

/** What the page found, by the name of the try. */
type Findings = Record<string, unknown>;

// Everything in one visit: starting a browser takes seconds.
describe.skipIf(!hasChromium())("in Chromium, a page of another site", () => {
  const servers: Server[] = [];
  const reached: string[] = [];
  let findings: Findings = {};
  let browser: Visit | undefined;

  async function listen(listener: RequestListener): Promise<number> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  beforeAll(async () => {
    let finish: (found: Findings) => void = () => undefined;
    const finished = new Promise<Findings>((resolve) => {
      finish = resolve;
    });
    let page = "";
    const pagePort = await listen((req, res) => {
      if (req.method === "POST") {
        let body = "";
        req.on("data", (chunk) => {
          body += String(chunk);
        });
        req.on("end", () => finish(JSON.parse(body)));
      }
      res.setHeader("Content-Type", "text/html");
      res.end(page);
    });
    const origin = `http://${PAGE_HOST}:${pagePort}`;
    const issuer = createTestIssuer();

    /** An app behind `secureHeaders`, which notes what reached it and from whom. */
    async function api(
      name: string,
      options: Parameters<typeof secureHeaders>[0],
    ): Promise<string> {
      const app = express();
      const security = secureHeaders(options);
      app.use(security);
      if (name === "tokens") {
        app.use(rateLimit({ limit: 2, window: "1m" }));
        app.use(oauthGuard(issuer.options()));
      }
      app.get("/login", (_req, res) => {
        res.cookie("sid", "1", { sameSite: "lax" }).send("<p>cookie");
      });
      app.use((req, res) => {
        const cookie = req.headers.cookie === undefined ? "" : " with cookie";
        reached.push(`${name} ${req.method} ${req.path}${cookie}`);
        res.type("html").send('<script>parent.postMessage("opened", "*")</script>');
      });
      const port = await listen(app);
      servers.at(-1)?.on("upgrade", (req, socket: Socket) => {
        if (security.onUpgrade(req, app)) reached.push(`${name} upgrade`);
        else reached.push(`${name} no upgrade`);
        socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      });
      return `http://${API_HOST}:${port}`;
    }

    const urls = {
      allowed: await api("allowed", { cors: { origins: origin } }),
      refused: await api("refused", { cors: { origins: "https://other.example" } }),
      credentials: await api("credentials", { cors: { origins: origin, credentials: true } }),
      tokens: await api("tokens", { cors: { origins: origin } }),
      login: await api("login", {
        preset: "web",
        crossOriginGuard: { always: "POST /login", exempt: "POST /callback" },
      }),
      open: await api("open", { preset: "web", crossOriginGuard: true }),
      isolated: await api("isolated", {
        preset: "web",
        helmet: {
          contentSecurityPolicy: false,
          xFrameOptions: false,
          crossOriginResourcePolicy: false,
        },
        crossOriginGuard: { isolation: true, exempt: "GET /logo" },
      }),
      shared: await api("shared", {
        preset: "web",
        helmet: { crossOriginResourcePolicy: false },
        crossOriginGuard: true,
      }),
    };
    page = `<!doctype html><body><script>
      const urls = ${JSON.stringify(urls)};
      const found = {};
      const read = async (name, url, init) => {
        try {
          const answer = await fetch(url, init);
          const header = (field) => answer.headers.get(field);
          found[name] = { status: answer.status, text: (await answer.text()).slice(0, 400),
            remaining: header("RateLimit"), retry: header("Retry-After"), challenge: header("WWW-Authenticate") };
        } catch { found[name] = "refused"; }
      };
      // A form as somebody sends it, into a frame.
      const submit = (name, url) => new Promise((resolve) => {
        const frame = document.createElement("iframe");
        frame.name = name;
        document.body.append(frame);
        const form = Object.assign(document.createElement("form"), { method: "post", action: url, target: name });
        form.innerHTML = '<input name="user" value="mallory">';
        document.body.append(form);
        frame.onload = () => resolve();
        form.submit();
        setTimeout(resolve, 20_000);
      });
      const script = (name, url) => new Promise((resolve) => {
        const element = document.createElement("script");
        element.onload = () => { found[name] = "loaded"; resolve(); };
        element.onerror = () => { found[name] = "refused"; resolve(); };
        element.src = url;
        document.body.append(element);
      });
      const open = (name, url) => new Promise((resolve) => {
        addEventListener("message", () => { found[name] = "opened"; resolve(); }, { once: true });
        setTimeout(resolve, 20_000);
        const frame = document.createElement("iframe");
        frame.src = url;
        document.body.append(frame);
      });
      const socket = (url) => new Promise((resolve) => {
        const made = new WebSocket(url.replace("http:", "ws:") + "/live");
        made.onerror = made.onclose = () => resolve();
      });
      (async () => {
        await read("allowed", urls.allowed + "/", {});
        await read("preflight", urls.allowed + "/", { method: "PUT", headers: { "Content-Type": "application/json" }, body: "{}" });
        await read("cookie without credentials", urls.allowed + "/", { credentials: "include" });
        await read("refused", urls.refused + "/", {});
        await read("refused preflight", urls.refused + "/", { method: "PUT" });
        await read("credentials", urls.credentials + "/", { credentials: "include", method: "POST" });
        await read("401", urls.tokens + "/", { headers: { Authorization: "Bearer x" } });
        await read("401 again", urls.tokens + "/", { headers: { Authorization: "Bearer x" } });
        await read("429", urls.tokens + "/", { headers: { Authorization: "Bearer x" } });
        await submit("login", urls.login + "/login");
        await submit("callback", urls.login + "/callback");
        await submit("open", urls.open + "/login");
        await script("isolated script", urls.isolated + "/data");
        await script("exempt script", urls.isolated + "/logo");
        await script("script", urls.shared + "/data");
        await open("opened", urls.isolated + "/page");
        await socket(urls.allowed);
        await socket(urls.refused);
        await fetch("/", { method: "POST", body: JSON.stringify(found) });
      })();
    </script>`;
    browser = await visit(`${origin}/`, finished);
    findings = await finished;
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const came = (prefix: string) => reached.filter((entry) => entry.startsWith(`${prefix} `));

  it("reads answers if its origin is listed, with a preflight as well", () => {
    expect(findings["allowed"]).toMatchObject({ status: 200 });
    expect(findings["preflight"]).toMatchObject({ status: 200 });
    expect(came("allowed")).toContain("allowed PUT /");
  });

  it("reads nothing if it is not, and a refused preflight keeps the request away", () => {
    expect(findings["refused"]).toBe("refused");
    expect(findings["refused preflight"]).toBe("refused");
    expect(came("refused").filter((entry) => entry.includes("PUT"))).toEqual([]);
  });

  it("reads answers to requests with credentials only if that is allowed", () => {
    expect(findings["cookie without credentials"]).toBe("refused");
    expect(findings["credentials"]).toMatchObject({ status: 200 });
  });

  it("reads a 401 with its challenge and its quota, and a 429 with Retry-After", () => {
    expect(findings["401"]).toMatchObject({
      status: 401,
      text: expect.stringContaining("invalid_token"),
      challenge: expect.stringContaining("Bearer"),
      remaining: expect.stringContaining("r=1"),
    });
    expect(findings["429"]).toMatchObject({
      status: 429,
      text: expect.stringContaining("rate_limit_exceeded"),
      retry: expect.stringMatching(/^\d+$/),
    });
  });

  it("logs nobody in with an account of its own where always says so, and could elsewhere", () => {
    expect(came("login")).not.toContain("login POST /login");
    expect(came("open")).toContain("open POST /login");
  });

  it("sends a form back to the path that is exempt", () => {
    expect(came("login")).toContain("login POST /callback");
  });

  it("loads nothing that is isolated, but what is exempt, and can open a page", () => {
    expect(findings["isolated script"]).toBe("refused");
    expect(came("isolated")).not.toContain("isolated GET /data");
    expect(came("isolated")).toContain("isolated GET /logo");
    expect(came("shared")).toContain("shared GET /data");
    expect(findings["opened"]).toBe("opened");
  });

  it("connects a WebSocket if its origin is listed, and not otherwise", () => {
    expect(came("allowed")).toContain("allowed upgrade");
    expect(came("refused")).toContain("refused no upgrade");
  });
});
