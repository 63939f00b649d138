import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { RequestHandler } from "express";
import { parseList } from "structured-headers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { principalFrom, rateLimit } from "../../src/index.js";
import { expressVersions } from "../support/express.js";
import { guideSections } from "../support/guide.js";
import { runOnApp } from "../support/guide-app.js";

type FetchPatiently = (
  url: string,
  init?: RequestInit,
  options?: { attempts?: number; baseMs?: number; maxWaitMs?: number },
) => Promise<Response>;

interface Snippets {
  readonly fetchPatiently: FetchPatiently;
  readonly paceOf: (response: Response) => number;
}

const sections = guideSections("rate-limits-for-clients.md");
const codeUnder = (heading: string, language: string, at = 0): string => {
  const code = sections.find((one) => one.heading === heading)?.blocks(language)[at];
  if (code === undefined) throw new Error(`the guide has no ${language} under ${heading}`);
  return code;
};

/** Waits as the code of the guide asked for, in milliseconds. */
const waits: number[] = [];
/** What the limits take for the time, where a test says so. */
let clock = 0;
/** Timers that do not wait, so that minutes pass at once. */
const fastTimer = (done: () => void, ms: number) => {
  waits.push(ms);
  clock += ms;
  return setTimeout(done, 1);
};

const { fetchPatiently, paceOf } = new Function(
  "setTimeout",
  `${codeUnder("Send again, later", "js")}\n${codeUnder("Not be refused at all", "js")}
  return { fetchPatiently, paceOf };`,
)(fastTimer) as Snippets;

let server: Server | undefined;

beforeEach(() => void waits.splice(0));

afterEach(() => {
  vi.restoreAllMocks();
  server?.closeAllConnections();
  server?.close();
});

describe.each(expressVersions)("the guide for clients, on Express %s", (_major, express) => {
  async function serve(...handlers: readonly RequestHandler[]): Promise<string> {
    const app = express();
    app.use(...(handlers as [RequestHandler]));
    app.use((_req, res) => void res.json({ ok: true }));
    server = app.listen(0);
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  /** Answers with these statuses and fields first, then with success. */
  function refusing(...answers: readonly (readonly [status: number, fields: object])[]) {
    const left = [...answers];
    const seen: string[] = [];
    const handler: RequestHandler = (req, res, next) => {
      seen.push(req.method);
      const [status, fields] = left.shift() ?? [];
      if (status === undefined || fields === undefined) next();
      else res.status(status).set(fields).end();
    };
    return { handler, seen };
  }

  it("waits as long as our limits ask, and then passes", async () => {
    clock = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => clock);
    const url = await serve(rateLimit({ limit: 1, window: "1m" }));
    expect((await fetchPatiently(url)).status).toBe(200);
    expect((await fetchPatiently(url)).status).toBe(200);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(60_000);
  });

  it("adds a random part that doubles, so that clients come back one by one", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const refusal = [429, { "Retry-After": "2" }] as const;
    const { handler } = refusing(refusal, refusal, refusal);
    expect((await fetchPatiently(await serve(handler))).status).toBe(200);
    expect(waits).toEqual([2250, 2500, 3000]);
  });

  it("reads a date in Retry-After", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const date = new Date(Date.now() + 30_000).toUTCString();
    const { handler } = refusing([503, { "Retry-After": date }]);
    expect((await fetchPatiently(await serve(handler))).status).toBe(200);
    // Less what has passed meanwhile, and the part of a second that a date cannot say.
    expect(waits[0]).toBeGreaterThan(15_000);
    expect(waits[0]).toBeLessThanOrEqual(30_000);
  });

  it.each([
    ["a 429 that can never pass", "GET", [429, {}], 429],
    ["what may not happen twice, on 503", "POST", [503, { "Retry-After": "1" }], 503],
    ["other errors", "GET", [500, { "Retry-After": "1" }], 500],
    ["what would wait too long", "GET", [429, { "Retry-After": "3600" }], 429],
  ] as const)("does not repeat %s", async (_what, method, answer, status) => {
    const { handler, seen } = refusing(answer);
    expect((await fetchPatiently(await serve(handler), { method })).status).toBe(status);
    expect(seen).toEqual([method]);
    expect(waits).toEqual([]);
  });

  it("repeats what a limit has refused, whatever its method, with its body", async () => {
    const bodies: string[] = [];
    const read: RequestHandler = (req, _res, next) => {
      let body = "";
      req.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      req.once("end", () => {
        bodies.push(body);
        next();
      });
    };
    const { handler, seen } = refusing([429, { "Retry-After": "1" }]);
    const url = await serve(read, handler);
    expect((await fetchPatiently(url, { method: "POST", body: "pen" })).status).toBe(200);
    expect(seen).toEqual(["POST", "POST"]);
    expect(bodies).toEqual(["pen", "pen"]);
  });

  it("gives up after so many attempts, and returns the last answer", async () => {
    const refusal = [429, { "Retry-After": "1" }] as const;
    const { handler, seen } = refusing(...Array(9).fill(refusal));
    const url = await serve(handler);
    expect((await fetchPatiently(url, {}, { attempts: 3 })).status).toBe(429);
    expect(seen).toHaveLength(3);
  });

  it("repeats what had no answer, unless it may not happen twice", async () => {
    let cut = 0;
    const cutting: RequestHandler = (req, res, next) => {
      cut += 1;
      if (cut === 1) req.socket.destroy();
      else next();
      void res;
    };
    const url = await serve(cutting);
    expect((await fetchPatiently(url)).status).toBe(200);
    cut = 0;
    await expect(fetchPatiently(url, { method: "POST" })).rejects.toThrow();
    expect(cut).toBe(1);
  });

  it("stops waiting when it is told to", async () => {
    const { handler } = refusing([429, { "Retry-After": "5" }]);
    const stop = new AbortController();
    const url = await serve(handler, () => undefined);
    const answer = fetchPatiently(url, { signal: stop.signal });
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    stop.abort(new Error("no longer needed"));
    await expect(answer).rejects.toThrow("no longer needed");
  });

  it("reads the quotas as a parser of structured fields does, whatever is in their names", async () => {
    const policies = [
      { name: 'a";r=0;t=9000, "b', limit: 4, window: "1m" },
      { name: "b\\", limit: 10, window: "1h" },
    ];
    const answer = await fetch(await serve(rateLimit({ policies })));
    const parsed = parseList(answer.headers.get("RateLimit") ?? "").map(([, params]) => params);
    const paces = parsed.map(
      (params) => (Number(params.get("t")) * 1000) / Number(params.get("r")),
    );
    expect(parsed).toHaveLength(2);
    expect(paceOf(answer)).toBeCloseTo(Math.max(...paces), 6);
  });

  it("is not refused at that pace", async () => {
    clock = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => clock);
    const url = await serve(rateLimit({ limit: 10, window: "1m", burst: 3 }));
    for (let index = 0; index < 20; index += 1) {
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      clock += paceOf(answer);
    }
  });

  it("gives each plan its rate, under one name", async () => {
    const app = express();
    app.use(
      principalFrom((req) => {
        const plan = req.get("Plan");
        return plan === undefined ? null : { subject: plan, claims: { plan } };
      }),
    );
    runOnApp(app, express, codeUnder("How much each caller has", "ts"), {});
    app.use((_req, res) => void res.json({}));
    server = app.listen(0);
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const policyOf = async (headers: Record<string, string>) =>
      (await fetch(url, { headers })).headers.get("RateLimit-Policy");
    expect(await policyOf({})).toBe('"plan";q=30;w=60');
    expect(await policyOf({ Plan: "none" })).toBe('"plan";q=60;w=60');
    expect(await policyOf({ Plan: "paid" })).toBe('"plan";q=600;w=60');
  });
});
