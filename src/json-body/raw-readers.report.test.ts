import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import type { ErrorRequestHandler, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { reportedChanges } from "../core/decision/report-mode.js";
import { type JsonBodyOptions, jsonBody } from "./json-body.js";

const BODY = '{"id":"evt_1"}';

describe.each(expressVersions)("readers of raw bodies on Express %s", (_major, express) => {
  const end: RequestHandler = (_req, res) => void res.json({ ok: true });

  function appWith(readers: readonly RequestHandler[], options: JsonBodyOptions = {}) {
    const seen: (readonly string[])[] = [];
    const app = express();
    app.use((req, res, next) => {
      res.on("finish", () => seen.push(reportedChanges(req)));
      next();
    });
    app.use(jsonBody({ mode: "report", ...options }), ...readers, end);
    return { app, seen };
  }

  /** What would break, or look different to the handler, if `jsonBody` read the body. */
  const READERS: readonly (readonly [string, readonly RequestHandler[]])[] = [
    ["express.raw", [express.raw({ type: "*/*" })]],
    ["express.text", [express.text({ type: "*/*" })]],
    [
      "a verify function that keeps the bytes",
      [
        express.json({
          verify: (req, _res, bytes) => void Object.assign(req, { rawBody: bytes }),
        }),
      ],
    ],
    [
      "a handler that listens",
      [
        (req, res) => {
          const chunks: Buffer[] = [];
          req.on("data", (chunk: Buffer) => void chunks.push(chunk));
          req.on("end", () => void res.send(Buffer.concat(chunks).toString()));
        },
      ],
    ],
    [
      "a handler that walks through it",
      [
        async (req, res) => {
          let text = "";
          for await (const chunk of req) text += String(chunk);
          res.send(text);
        },
      ],
    ],
    [
      "a handler that listens, behind a parser of forms",
      [
        express.urlencoded({ extended: false }),
        (req, res) => {
          req.resume().on("end", () => void res.end());
        },
      ],
    ],
    ["a handler that pipes it into the answer", [(req, res) => void req.pipe(res)]],
    [
      "a proxy that answers before all has come",
      [
        (req, res) => {
          req.once("data", () => res.write("first"));
          req.on("end", () => void res.end());
        },
      ],
    ],
  ];

  it("are not seen in a parser that refuses the body, which any client can bring about", async () => {
    const { app, seen } = appWith([express.json({ limit: 10 })]);
    app.use(((_error, _req, res, _next) => void res.status(400).end()) as ErrorRequestHandler);
    for (const body of ['{"a":', JSON.stringify({ a: "too long for it" })]) {
      await request(app).post("/").set("Content-Type", "application/json").send(body).expect(400);
    }
    expect(seen.flat()).not.toContain("raw_body_read");
  });

  it.each(READERS)("are recorded: %s", async (_title, readers) => {
    const { app, seen } = appWith(readers);
    const post = () => request(app).post("/").set("Content-Type", "application/json");
    await post().send(BODY).expect(200);
    await post().send(BODY).expect(200);
    expect(seen).toEqual([["raw_body_read"], ["raw_body_read"]]);
  });

  it.each<[string, readonly RequestHandler[]]>([
    ["express.json", [express.json()]],
    ["express.json and a form parser", [express.urlencoded({ extended: false }), express.json()]],
    [
      "a parser that leaves what it likes",
      [
        (req, _res, next) => {
          req.resume().on("end", () => {
            req.body = { id: "evt_1" };
            next();
          });
        },
      ],
    ],
    ["nobody", []],
    [
      "a handler that answers at once, without the body",
      [(_req, res) => void res.status(401).end()],
    ],
  ])("are not: %s", async (_title, readers) => {
    const { app, seen } = appWith(readers);
    await request(app).post("/").set("Content-Type", "application/json").send(BODY);
    expect(seen).toEqual([[]]);
  });

  it.each<[string, Record<string, string>, JsonBodyOptions]>([
    ["another media type", { "Content-Type": "application/octet-stream" }, {}],
    ["an exempt path", { "Content-Type": "application/json" }, { except: "POST /hooks" }],
  ])("are no matter for %s", async (_title, headers, options) => {
    const { app, seen } = appWith([express.raw({ type: "*/*" })], options);
    await request(app).post("/hooks").set(headers).send(BODY).expect(200);
    expect(seen).toEqual([[]]);
  });

  it("are not recorded for an empty object", async () => {
    const { app, seen } = appWith([express.json()]);
    await request(app).post("/").set("Content-Type", "application/json").send("{}").expect(200);
    expect(seen).toEqual([[]]);
  });

  it("get every byte, and the same answer", async () => {
    const reader = express.raw({ type: "*/*" });
    const echo: RequestHandler = (req, res) => void res.send((req.body as Buffer).toString());
    const { app } = appWith([reader, echo]);
    const answer = await request(app).post("/").set("Content-Type", "application/json").send(BODY);
    expect(answer.text).toBe(BODY);
  });

  it("are recorded for chunked bodies", async () => {
    const { app, seen } = appWith(READERS[3]?.[1] ?? []);
    const server = app.listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((done, fail) => {
      const headers = { "Content-Type": "application/json" };
      const client = httpRequest({ port, method: "POST", headers }, (answer) => {
        answer.resume().on("end", done);
      });
      client.on("error", fail).write('{"id":');
      setImmediate(() => client.end('"evt_1"}'));
    });
    server.close();
    expect(seen).toEqual([["raw_body_read"]]);
  });

  it("are recorded over HTTP/2", async () => {
    const { app, seen } = appWith(READERS[3]?.[1] ?? []);
    const server = http2Server(app);
    const headers = { ":method": "POST", ":path": "/", "content-type": "application/json" };
    try {
      expect((await http2Request(server, headers, [BODY])).body).toBe(BODY);
      expect(seen).toEqual([["raw_body_read"]]);
    } finally {
      server.close();
    }
  });
});
