import { spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import type { RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { deny } from "./deny.js";
import { HttpError } from "./http-error.js";

/** Uploads in a process of its own, as a client does, and prints the status of each try or what went wrong. */
const UPLOAD = `
  const { request } = require("node:http");
  const [port, megabytes, tries] = process.argv.slice(1).map(Number);
  const body = Buffer.alloc(megabytes * 1024 * 1024, "x");
  const once = () => new Promise((resolve) => {
    const upload = request({ port, host: "127.0.0.1", method: "POST", headers: { "Content-Length": body.length } }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
      answer.on("error", (error) => resolve(error.code));
    });
    upload.on("error", (error) => resolve(error.code));
    upload.end(body);
  });
  (async () => { for (let count = 0; count < tries; count += 1) console.log(await once()); process.exit(); })();
`;

describe.each(expressVersions)("a refusal under an upload on Express %s", (_major, express) => {
  async function listen(
    inFront: RequestHandler = (_req, _res, next) => next(),
  ): Promise<{ port: number; close: () => void }> {
    const app = express();
    app.use(inFront);
    app.use((req, res, next) => {
      deny(new HttpError("authentication_required"), req, res, next);
    });
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return { port: (server.address() as AddressInfo).port, close };
  }

  it("reaches the client that is still sending", async () => {
    const { port, close } = await listen();
    const client = spawn(process.execPath, ["-e", UPLOAD, String(port), "20", "10"]);
    let output = "";
    client.stdout.on("data", (chunk) => {
      output += chunk;
    });
    await new Promise((resolve) => client.once("close", resolve));
    close();
    expect(output.trim().split("\n")).toEqual(Array(10).fill("401"));
  });

  it("does not wait for a client that never stops", async () => {
    const { port, close } = await listen();
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    await new Promise((resolve) => socket.once("close", resolve));
    close();
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain("Connection: close");
    expect(answer).toContain('"code":"authentication_required"');
  });

  it("throws nothing where a hook of another package fails once the head is sent", async () => {
    let failed = 0;
    // As express-mung's headersAsync does it.
    const { port, close } = await listen((_req, res, next) => {
      const { end } = res;
      res.end = ((...given: readonly unknown[]) => {
        if (!res.headersSent) return Reflect.apply(end, res, given);
        failed += 1;
        throw new ReferenceError("args");
      }) as Response["end"];
      next();
    });
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
      if (answer.includes("authentication_required")) socket.write("yz");
    });
    socket.on("error", () => undefined);
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nx");
    await new Promise((resolve) => socket.once("close", resolve));
    close();
    expect(failed).toBe(1);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain('"code":"authentication_required"');
  });
});
