import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import type { Express } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../../test/support/decisions.js";
import { expressVersions } from "../../../test/support/express.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import { requestId } from "../../core/refusal/problem-details.js";
import {
  any,
  authorize,
  authzen,
  type HttpEngineOptions,
  type OpaOptions,
  opa,
  type PolicyEngine,
  policy,
  role,
} from "../index.js";

/** A policy decision point that says what the test wants, and keeps what it was asked. */
type Answer = (req: IncomingMessage, res: ServerResponse) => void;

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

let server: Server;
let url = "";
let answer: Answer;
let asked: Asked[] = [];

beforeEach(async () => {
  asked = [];
  server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const { method, url: path, headers } = req;
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      asked.push({ method, url: path, headers, body });
      answer(req, res);
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function json(value: unknown, status = 200, type = "application/json"): Answer {
  return (_req, res) => {
    res.writeHead(status, { "Content-Type": type });
    res.end(typeof value === "string" ? value : JSON.stringify(value));
  };
}

const hang: Answer = () => undefined;

/** An engine outside of this thread. It tells when it is asked, and says yes 200 ms later. */
const PUNCTUAL = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { createServer } = require("node:http");
  const server = createServer((req, res) => {
    parentPort.postMessage("asked");
    req.resume().on("end", () => {
      setTimeout(() => {
        res.writeHead(200, { "Content-Type": "application/json" });
        res.end('{"decision":true,"result":true}', () => {
          Atomics.store(workerData, 0, 1);
          Atomics.notify(workerData, 0);
        });
      }, 200);
    });
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** For so long, and until the engine has answered. */
function standStill(ms: number, answered: Int32Array): void {
  Atomics.wait(answered, 0, 0, 15_000);
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const FIVE_MINUTES = 300_000;

/** A clock that stands still but for what passes. */
function holdClock(): (ms: number) => void {
  let now = performance.now();
  vi.spyOn(performance, "now").mockImplementation(() => now);
  return (ms) => {
    now += ms;
  };
}

/** A busy machine takes its time. */
const PATIENT = { timeout: "4s" } as const;

/** What goes wrong on the way, whatever the protocol; and whether it is the engine that is down. */
const OUTAGES: readonly (readonly [what: string, answer: Answer, reason: string])[] = [
  ["answers 503", json({ decision: true, result: true }, 503), "engine_unreachable"],
  ["answers 500", json({ decision: true, result: true }, 500), "engine_bad_answer"],
  ["answers 429", json({ decision: true, result: true }, 429), "engine_unreachable"],
  ["answers 401", json({ decision: true, result: true }, 401), "engine_bad_answer"],
  ["answers 404", json({ decision: true, result: true }, 404), "engine_bad_answer"],
  ["answers 201", json({ decision: true, result: true }, 201), "engine_bad_answer"],
  ["does not answer", hang, "engine_timeout"],
  [
    "stops in the middle of its answer",
    (_req, res) => {
      res.writeHead(200, { "Content-Type": "application/json" });
      res.write('{"decision":true');
    },
    "engine_timeout",
  ],
  [
    "resets the connection",
    (req) => {
      req.socket.resetAndDestroy();
    },
    "engine_unreachable",
  ],
  [
    "ends its answer early",
    (_req, res) => {
      res.writeHead(200, { "Content-Type": "application/json", "Content-Length": 100 });
      res.write('{"decision":true,"result":true}');
      setTimeout(() => res.destroy(), 10);
    },
    "engine_unreachable",
  ],
  [
    "redirects",
    (_req, res) => {
      res.writeHead(307, { Location: `${url}/elsewhere` });
      res.end();
    },
    "engine_unreachable",
  ],
  ["sends JSON that ends early", json('{"decision":true,"result":true'), "engine_bad_answer"],
  ["sends a list", json([true]), "engine_bad_answer"],
  ["sends true alone", json("true"), "engine_bad_answer"],
  ["sends nothing", json(""), "engine_bad_answer"],
  ["sends a page", json({ decision: true, result: true }, 200, "text/html"), "engine_bad_answer"],
  [
    "names no media type",
    (_req, res) => {
      res.end('{"decision":true,"result":true}');
    },
    "engine_bad_answer",
  ],
  [
    "sends what is not UTF-8",
    (_req, res) => {
      res.writeHead(200, { "Content-Type": "application/json" });
      res.end(Buffer.from('{"decision":true,"result":true,"x":"\xff"}', "latin1"));
    },
    "engine_bad_answer",
  ],
  [
    "sends over 64 kB",
    json({ decision: true, result: true, filler: "x".repeat(70_000) }),
    "engine_too_large",
  ],
  [
    "nests without end",
    json(`{"decision":${"[".repeat(30_000)}${"]".repeat(30_000)},"result":[]}`),
    "engine_bad_answer",
  ],
];

describe.each(expressVersions)("engines over HTTP on Express %s", (_major, express) => {
  const decisions = listenToDecisions();

  function appFor(engine: PolicyEngine, resource: object = { type: "order", id: "1" }): Express {
    const app = express();
    const rule = policy(engine, () => ({ resource }) as { resource: { type: string } });
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal({ subject: "alice", roles: ["editor"] }));
      requestId.set(req, "request-1");
      next();
    });
    app.get("/", authorize(rule), (_req, res) => void res.json({ reached: true }));
    app.get("/any", authorize(any(role("editor"), rule)), (_req, res) => void res.end("reached"));
    app.get("/report", authorize(rule, { mode: "report" }), (_req, res) => void res.end("reached"));
    return app;
  }

  const ENGINES: readonly (readonly [
    name: string,
    create: (options?: Partial<HttpEngineOptions>) => PolicyEngine,
  ])[] = [
    ["authzen", (options) => authzen({ url, ...PATIENT, ...options })],
    ["opa", (options) => opa({ url, path: "shop/allow", ...PATIENT, ...options })],
  ];

  describe.each(ENGINES)("%s", (name, create) => {
    it.each(OUTAGES)("answers 503 when the engine %s", async (_what, given, reason) => {
      answer = given;
      const timeout = reason === "engine_timeout" ? "100ms" : "4s";
      const response = await request(appFor(create({ timeout })))
        .get("/")
        .expect(503);
      expect(response.headers["retry-after"]).toBe("5");
      expect(JSON.parse(response.text).code).toBe("policy_unavailable");
      expect(response.text).not.toContain(url);
      expect(decisions).toMatchObject([
        { outcome: "error", enforced: true, status: 503, reason, policy: name },
      ]);
      expect(asked.map(({ url: path }) => path)).not.toContain("/elsewhere");
    });

    it("answers 503 when nobody listens, and records the code of the system", async () => {
      const engine = create();
      await new Promise((resolve) => server.close(resolve));
      await request(appFor(engine)).get("/").expect(503);
      expect(decisions).toMatchObject([
        { reason: "engine_unreachable", systemCode: "ECONNREFUSED" },
      ]);
      server.listen(0, "127.0.0.1");
    });

    it("is not asked when a rule in front of it holds", async () => {
      answer = hang;
      await request(appFor(create())).get("/any").expect(200);
      expect(asked).toEqual([]);
    });

    it("holds nothing up in report mode", async () => {
      answer = hang;
      await request(appFor(create())).get("/report").expect(200, "reached");
      expect(decisions).toEqual([]);
    });

    it("sends what the app says, with token, header fields and the id of the request", async () => {
      answer = json({ decision: true, result: true });
      const tokens = ["first", "second"];
      const headers = { "X-Tenant": "t1" };
      const app = appFor(create({ token: async () => tokens.shift() ?? "", headers }));
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(200);
      expect(asked.map((one) => one.headers)).toMatchObject([
        {
          authorization: "Bearer first",
          "x-tenant": "t1",
          "x-request-id": "request-1",
          "content-type": "application/json",
          accept: "application/json",
        },
        { authorization: "Bearer second" },
      ]);
    });

    it.each<[string, unknown]>([
      ["throws", () => Promise.reject(new Error("no"))],
      ["gives nothing", () => undefined],
      ["gives two lines", () => "a\r\nX-Injected: 1"],
    ])("answers 503 when the function for the token %s, and asks nothing", async (_what, token) => {
      await request(appFor(create({ token: token as () => string })))
        .get("/")
        .expect(503);
      expect(asked).toEqual([]);
      expect(decisions).toMatchObject([{ code: "check_unavailable", policy: name }]);
    });

    it.each<[string, () => unknown]>([
      ["gives no promise", () => new Response("{}")],
      ["gives no response", async () => undefined],
    ])("answers 503 when the fetch of the app %s", async (_what, fetch) => {
      await request(appFor(create({ fetch: fetch as never })))
        .get("/")
        .expect(503);
      expect(decisions).toMatchObject([
        { code: "policy_unavailable", reason: "engine_bad_answer" },
      ]);
    });

    it("answers 503 to what cannot be written as JSON", async () => {
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      await request(appFor(create(), { type: "order", id: "1", properties: circle }))
        .get("/")
        .expect(503);
      expect(asked).toEqual([]);
    });

    it("is not too late when it was the process that stood still", async () => {
      const answered = new Int32Array(new SharedArrayBuffer(4));
      const engine = new Worker(PUNCTUAL, { eval: true, workerData: answered });
      const port: number = await new Promise((resolve) => engine.once("message", resolve));
      const there = { url: `http://127.0.0.1:${port}`, timeout: "500ms" };
      // Where input is read: timers that are due run before more of it is.
      engine.once("message", () => standStill(700, answered));
      await request(appFor(create(there)))
        .get("/")
        .expect(200);
      await engine.terminate();
    });

    it("is left alone after failures, tried by one request, and asked again once it answers", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      answer = json({}, 503);
      const pass = holdClock();
      const app = appFor(create({ breaker: { failures: 3, pause: "5m" } }));
      for (let count = 0; count < 3; count += 1) await request(app).get("/").expect(503);
      expect(asked).toHaveLength(3);

      const refused = await request(app).get("/").expect(503);
      expect(refused.headers["retry-after"]).toBe("300");
      expect(asked).toHaveLength(3);
      expect(decisions.at(-1)).toMatchObject({ reason: "engine_paused", outcome: "error" });

      // Down still: one tries, and the pause begins again.
      pass(FIVE_MINUTES);
      await Promise.all([1, 2, 3].map(() => request(app).get("/").expect(503)));
      expect(asked).toHaveLength(4);

      answer = json({ decision: true, result: true });
      pass(FIVE_MINUTES);
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(200);
      expect(asked).toHaveLength(6);
      const told = warn.mock.calls.filter(([, about]) =>
        JSON.stringify(about).includes("EXPRESS_SECURE_API_POLICY_ENGINE_DOWN"),
      );
      expect(told).toHaveLength(1);
      warn.mockRestore();
    });

    it("is not left alone for questions that take too long while it answers others", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      answer = hang;
      const app = appFor(create({ timeout: "1s", breaker: { failures: 3, pause: "5m" } }));
      const slow = Promise.all([1, 2, 3, 4].map(() => request(app).get("/").expect(503)));
      await vi.waitFor(() => expect(asked).toHaveLength(4));
      answer = json({ decision: true, result: true });
      await request(app).get("/").expect(200);
      await slow;
      expect(decisions.map(({ reason }) => reason)).toContain("engine_timeout");
      await request(app).get("/").expect(200);
      expect(warn).not.toHaveBeenCalled();
      warn.mockRestore();
    });

    it("is tried by one request, whose client may leave, and not by all that come and go", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      answer = json({}, 503);
      const pass = holdClock();
      const app = appFor(create({ breaker: { failures: 1, pause: "5m" } }));
      await request(app).get("/").expect(503);
      answer = hang;
      pass(FIVE_MINUTES);
      const apps = createServer(app).listen(0, "127.0.0.1");
      await new Promise((resolve) => apps.once("listening", resolve));
      const { port } = apps.address() as AddressInfo;
      const connected = once(apps, "connection");
      const leaving = new AbortController();
      const gone = fetch(`http://127.0.0.1:${port}/`, { signal: leaving.signal }).catch(() => 0);
      await vi.waitFor(() => expect(asked).toHaveLength(2));
      const [socket] = await connected;
      const left = once(socket, "close");
      leaving.abort();
      await Promise.all([gone, left]);
      await new Promise((resolve) => setImmediate(resolve));
      await request(app).get("/").expect(503);
      expect(decisions.at(-1)).toMatchObject({ reason: "engine_paused" });
      expect(asked).toHaveLength(2);
      apps.close();
      warn.mockRestore();
    });

    it("is not left alone for answers that a client can provoke, or refusals", async () => {
      const app = appFor(create({ breaker: { failures: 1, pause: "5m" } }));
      for (const given of [json({}, 400), json("oops"), json({ decision: false, result: false })]) {
        answer = given;
        await request(app).get("/");
      }
      answer = json({ decision: true, result: true });
      await request(app).get("/").expect(200);
    });
  });

  describe("authzen", () => {
    it("asks the access evaluation endpoint as the standard has it", async () => {
      answer = json({ decision: true });
      await request(appFor(authzen({ url: `${url}/tenant/`, ...PATIENT })))
        .get("/")
        .expect(200);
      expect(asked).toMatchObject([
        {
          method: "POST",
          url: "/tenant/access/v1/evaluation",
          body: {
            subject: { type: "user", id: "alice", properties: { roles: ["editor"] } },
            action: { name: "GET" },
            resource: { type: "order", id: "1" },
          },
        },
      ]);
    });

    it("takes the whole address too", async () => {
      answer = json({ decision: true });
      await request(appFor(authzen({ url: `${url}/access/v1/evaluation`, ...PATIENT })))
        .get("/")
        .expect(200);
      expect(asked[0]?.url).toBe("/access/v1/evaluation");
    });

    it.each<[unknown, number]>([
      [{ decision: true, context: { reason_admin: { en: "x" } } }, 200],
      [{ decision: false }, 403],
      [{ decision: "true" }, 503],
      [{ decision: 1 }, 503],
      [{ decision: null }, 503],
      [{ Decision: true }, 503],
      [{ evaluations: [{ decision: true }] }, 503],
      [{}, 503],
    ])("takes %j for %d", async (body, status) => {
      answer = json(body);
      await request(appFor(authzen({ url, ...PATIENT })))
        .get("/")
        .expect(status);
    });

    it("takes no decision from a polluted Object.prototype", async () => {
      answer = json({});
      Object.defineProperty(Object.prototype, "decision", { value: true, configurable: true });
      try {
        await request(appFor(authzen({ url, ...PATIENT })))
          .get("/")
          .expect(503);
      } finally {
        Reflect.deleteProperty(Object.prototype, "decision");
      }
    });

    it("answers 503 to a question without the id of a resource, which the standard needs", async () => {
      await request(appFor(authzen({ url, ...PATIENT }), { type: "order" }))
        .get("/")
        .expect(503);
      expect(asked).toEqual([]);
      expect(decisions).toMatchObject([{ reason: "wrong_return" }]);
    });
  });

  describe("opa", () => {
    it("asks for the document with the question as its input, and records the decision's id", async () => {
      answer = json({ result: true, decision_id: "4ca636c1-55e4-417a-b1d8-4aceb67960d1" });
      await request(appFor(opa({ url, path: "httpapi/authz/allow", ...PATIENT })))
        .get("/")
        .expect(200);
      expect(asked).toMatchObject([
        {
          method: "POST",
          url: "/v1/data/httpapi/authz/allow",
          body: { input: { action: { name: "GET" }, resource: { type: "order", id: "1" } } },
        },
      ]);
      expect(decisions).toMatchObject([{ policy: "opa 4ca636c1-55e4-417a-b1d8-4aceb67960d1" }]);
    });

    it.each<[unknown, number]>([
      [{ result: true }, 200],
      [{ result: { allow: true } }, 200],
      [{ result: false }, 403],
      [{ result: { allow: false } }, 403],
      // Undefined: no rule says yes.
      [{}, 403],
      [{ decision_id: "x" }, 403],
      [{ result: {} }, 403],
      [{ result: "true" }, 503],
      [{ result: 1 }, 503],
      [{ result: null }, 503],
      [{ result: [true] }, 503],
      [{ result: { allow: "true" } }, 503],
      [{ result: { allow: null } }, 503],
    ])("takes %j for %d", async (body, status) => {
      answer = json(body);
      await request(appFor(opa({ url, path: "a", ...PATIENT })))
        .get("/")
        .expect(status);
    });
  });
});

describe("options", () => {
  const good: OpaOptions = { url: "https://opa.example", path: "a/b" };

  it.each<[string, object, string]>([
    ["url", { url: undefined }, "opa.url must"],
    ["url", { url: "opa.example" }, "opa.url must be an absolute URL"],
    ["url", { url: "http://opa.example" }, "opa.url must be an https: URL"],
    ["url", { url: "http://127.0.0.1.evil.example" }, "opa.url must be an https: URL"],
    ["url", { url: "https://user:pass@opa.example" }, "without user information"],
    ["url", { url: "https://opa.example/?x" }, "without query and fragment"],
    ["url", { url: "https://undefined/" }, "an unset variable"],
    ["path", { path: undefined }, "opa.path must"],
    ["path", { path: "/v1/data/a" }, "opa.path must be names with / between them"],
    ["path", { path: "a/../b" }, "opa.path must be names"],
    ["path", { path: "a.b" }, "opa.path must be names"],
    ["timeout", { timeout: "1m" }, "opa.timeout must"],
    ["timeout", { timeout: 250 }, "opa.timeout must"],
    ["token", { token: "a b" }, "opa.token must be of printable ASCII"],
    ["token", { token: undefined }, "opa.token must"],
    ["token", { token: "t", headers: { Authorization: "x" } }, "beside headers.Authorization"],
    ["headers", { headers: { Host: "x" } }, "opa.headers[0] must be left out"],
    ["headers", { headers: { "X-A": "a\r\nb" } }, "opa.headers[0] must be a text"],
    ["headers", { headers: { "X-A": "1", "x-a": "2" } }, "must not repeat an earlier entry"],
    ["headers", { headers: { "X A": "1" } }, "must be the name of a header field"],
    ["headers", { headers: [] }, "opa.headers must be an object of header fields"],
    ["fetch", { fetch: 1 }, "opa.fetch must be a function"],
    ["breaker", { breaker: { failures: 0 } }, "opa.breaker.failures must"],
    ["breaker", { breaker: false }, "opa.breaker must"],
    ["name", { name: "my opa" }, "opa.name must be 1 to 64"],
    ["dangerouslyAllowHttp", { dangerouslyAllowHttp: "*" }, "must be a host with its port"],
    ["endpoint", { endpoint: "x" }, 'did you mean "url"?'],
  ])("refuse a wrong %s at start-up: %j", (_name, options, problem) => {
    expect(() => opa({ ...good, ...options } as OpaOptions)).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });

  it("allow http: on this machine, and on hosts that are named", () => {
    for (const local of ["http://localhost:8181", "http://127.0.0.1:8181", "http://[::1]:8181"])
      expect(opa({ ...good, url: local }).name).toBe("opa");
    const url = "http://opa:8181";
    expect(authzen({ url, dangerouslyAllowHttp: "opa:8181", name: "pdp" }).name).toBe("pdp");
  });
});
