import { connect, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RequestHandler } from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { errorHandler } from "../../errors/error-handler.js";
import { jsonBody } from "../../json-body/json-body.js";
import { deny, type OnDenied } from "./deny.js";
import { HttpError } from "./http-error.js";

const JSON_POST = { ":method": "POST", "content-type": "application/json" };

describe.each(expressVersions)("a refusal over HTTP/2 on Express %s", (_major, express) => {
  let warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  let server: Http2Server | undefined;

  beforeEach(() => {
    warnings = [];
    process.on("warning", note);
  });

  afterEach(async () => {
    await nextTurn();
    process.off("warning", note);
    server?.close();
  });

  function serve(...handlers: RequestHandler[]): Http2Server {
    const app = express();
    app.use(...handlers);
    app.use((_req, res) => void res.end("ok"));
    app.use(errorHandler({ onError: () => undefined }));
    server = http2Server(app);
    return server;
  }

  /** Sends a request whose body has no end; gives what was answered, and the code that the stream was closed with. */
  async function sendForever(to: Http2Server, headers: object) {
    await new Promise<void>((done) => to.listen(0, "127.0.0.1", done));
    const session = connect(`http://127.0.0.1:${(to.address() as AddressInfo).port}`);
    const stream = session.request({ ...JSON_POST, ...headers });
    let status = 0;
    let body = "";
    stream.on("response", (answer) => {
      status = Number(answer[":status"]);
    });
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    stream.on("error", () => undefined);
    stream.write(`"${"x".repeat(5000)}`);
    await new Promise((closed) => stream.once("close", closed));
    const { rstCode } = stream;
    const other = session.request({ ":method": "GET" });
    const again = await new Promise((answered) => other.once("response", answered));
    session.destroy();
    return { status, body, rstCode, again };
  }

  const answers: readonly [string, OnDenied | undefined][] = [
    ["as a problem", undefined],
    ["by an error handler", "next"],
    ["by a function", (error, _req, res) => void res.status(error.status).json(error.toProblem())],
  ];

  it.each(answers)(
    "closes the stream of a body that is too large, and nothing else, %s",
    async (_how, onDenied) => {
      const to = serve(jsonBody({ limit: "100b", onDenied }));
      const { status, body, rstCode, again } = await sendForever(to, {});
      expect([status, JSON.parse(body).code]).toEqual([413, "body_too_large"]);
      expect(rstCode).toBe(0);
      expect(again).toMatchObject({ ":status": 200 });
      expect(warnings).toEqual([]);
    },
  );

  it.each(answers)(
    "keeps no stream of which more has arrived than was read, %s",
    async (_how, onDenied) => {
      let open = 0;
      const count: RequestHandler = (_req, res, next) => {
        open += 1;
        res.once("close", () => {
          open -= 1;
        });
        next();
      };
      const to = serve(count, jsonBody({ limit: "10kb", onDenied }));
      await new Promise<void>((done) => to.listen(0, "127.0.0.1", done));
      const session = connect(`http://127.0.0.1:${(to.address() as AddressInfo).port}`);
      for (let round = 0; round < 5; round += 1) {
        const stream = session.request(JSON_POST);
        stream.on("error", () => undefined).resume();
        stream.write(`"${"x".repeat(100_000)}`);
        const ended = new Promise((done) => stream.once("end", done));
        stream.write("x".repeat(100_000));
        await ended;
        stream.destroy();
      }
      await expect.poll(() => open).toBe(0);
      session.destroy();
    },
  );

  it("closes the stream of a body that announces its length", async () => {
    const to = serve(jsonBody({ limit: "100b" }));
    const { status, body, rstCode } = await sendForever(to, { "content-length": "1000000" });
    expect([status, JSON.parse(body).code, rstCode]).toEqual([413, "body_too_large", 0]);
    expect(warnings).toEqual([]);
  });

  it("closes the stream of a body that nobody asked for", async () => {
    const guard: RequestHandler = (req, res, next) =>
      req.method === "GET" ? next() : deny(new HttpError("access_denied"), req, res, next);
    const { status, body, rstCode } = await sendForever(serve(guard), {});
    expect([status, JSON.parse(body).code, rstCode]).toEqual([403, "access_denied", 0]);
    expect(warnings).toEqual([]);
  });

  it("sends a long answer whole", async () => {
    const detail = "a".repeat(200_000);
    const guard: RequestHandler = (req, res, next) =>
      req.method === "GET"
        ? next()
        : deny(new HttpError("access_denied", { detail }), req, res, next);
    const { body } = await sendForever(serve(guard), {});
    expect(JSON.parse(body).detail).toBe(detail);
  });

  it.each(["Connection", "Keep-Alive", "Proxy-Connection", "Upgrade"])(
    "has no field %s, which HTTP/2 does not allow",
    async (name) => {
      const to = serve((req, res, next) =>
        deny(new HttpError("access_denied", { headers: { [name]: "x" } }), req, res, next),
      );
      const answer = await http2Request(to, { ":method": "GET" });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty(name.toLowerCase());
      expect(warnings).toEqual([]);
    },
  );

  it("leaves out Upgrade of an error of http-errors", async () => {
    const error = { status: 426, expose: true, headers: { Upgrade: "h2c" } };
    const to = serve((_req, _res, next) => next(Object.assign(new Error("Use TLS"), error)));
    const answer = await http2Request(to, { ":method": "GET" });
    expect(answer.status).toBe(426);
    expect(answer.headers).not.toHaveProperty("upgrade");
  });
});
