import type { RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const REMOVE = ["Server", "X-AspNet-Version"];

describe.each(expressVersions)("removed fields on Express %s", (_major, express) => {
  it.each<[string, RequestHandler]>([
    ["setHeader", (_req, res) => void res.setHeader("server", "nginx/1.2").end("x")],
    ["set and json", (_req, res) => void res.set("Server", "nginx/1.2").json({})],
    [
      "writeHead with an object",
      (_req, res) => void res.writeHead(200, { SERVER: "x", "X-Own": "1" }).end("x"),
    ],
    [
      "writeHead with a reason",
      (_req, res) => void res.writeHead(200, "Fine", { Server: "x", "X-Own": "1" }).end("x"),
    ],
    [
      "writeHead with a list",
      (_req, res) => void res.writeHead(200, ["Server", "x", "X-Own", "1"] as never).end("x"),
    ],
    [
      "flushHeaders",
      (_req, res) => {
        res.setHeader("Server", "x");
        res.flushHeaders();
        res.end("x");
      },
    ],
  ])("are not in the answer of a handler that uses %s", async (title, handler) => {
    const app = express().use(secureHeaders({ remove: REMOVE }));
    app.get("/", handler);
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["server"]).toBeUndefined();
    expect(headers["x-frame-options"]).toBe("DENY");
    if (title.startsWith("writeHead")) expect(headers["x-own"]).toBe("1");
  });

  it("are not in answers over HTTP/2, and in those of failures", async () => {
    const app = () => {
      const made = express().use(secureHeaders({ remove: "Server" }));
      return made.use((_req, res) => void res.status(500).set("Server", "x").end("x"));
    };
    const server = http2Server(app());
    try {
      expect((await http2Request(server, { ":path": "/" })).headers["server"]).toBeUndefined();
    } finally {
      server.close();
    }
    expect((await request(app()).get("/").expect(500)).headers["server"]).toBeUndefined();
  });

  it("are not in answers of an app that stands in a router", async () => {
    const inner = express().use(
      (_req: unknown, res: Response) => void res.set("Server", "x").send("x"),
    );
    const app = express().use(secureHeaders({ remove: "Server" }), express.Router().use(inner));
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["server"]).toBeUndefined();
    expect(headers["x-powered-by"]).toBeUndefined();
  });

  it("stay in report mode, and without the option", async () => {
    for (const options of [{ mode: "report", remove: REMOVE }, {}] as SecureHeadersOptions[]) {
      const app = express().use(secureHeaders(options));
      app.get("/", (_req, res) => void res.setHeader("Server", "x").end("x"));
      expect((await request(app).get("/")).headers["server"]).toBe("x");
    }
  });

  it("with overwrite: false, what stands there stays and the rest is added", async () => {
    const app = express().use((_req, res, next) => {
      res.setHeader("X-Frame-Options", "SAMEORIGIN");
      res.setHeader("content-security-policy", "default-src 'self'");
      next();
    });
    app.use(secureHeaders({ overwrite: false }));
    app.get("/", (_req, res) => void res.end("x"));
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["x-frame-options"]).toBe("SAMEORIGIN");
    expect(headers["content-security-policy"]).toBe("default-src 'self'");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["x-powered-by"]).toBeUndefined();
  });
});

describe("remove", () => {
  it.each<[string, unknown, string]>([
    ["an unset variable", undefined, "secureHeaders.remove must not be undefined"],
    ["an empty list", [], "got an empty list"],
    ["Set-Cookie", ["Set-Cookie"], "remove[0] must not be a header that answers need"],
    ["Content-Type", "content-type", "must not be a header that answers need"],
    [
      "Access-Control-Allow-Origin",
      "Access-Control-Allow-Origin",
      "must not be a header that answers need",
    ],
    ["a header of ours", "X-Frame-Options", "turn it off by its own option"],
    ["X-Powered-By", "X-Powered-By", "it is removed already"],
    ["a line", "Server: x", "must be the name of a header field"],
    ["one twice", ["Server", "Server"], "must not repeat an earlier entry"],
  ])("refuses %s", (_title, remove, problem) => {
    expect(() => secureHeaders({ remove } as SecureHeadersOptions)).toThrow(problem);
  });
});
