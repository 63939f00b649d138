import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { checkErrors } from "../../src/cli/scan/checks/error-checks.js";
import type { Answer, NoAnswer } from "../../src/cli/scan/client/answer.js";
import { exchange } from "../../src/cli/scan/client/exchange.js";
import { SCAN_FORMATS } from "../../src/cli/scan/format-scan.js";
import { formatScanHtml } from "../../src/cli/scan/formats/scan-html.js";
import { createScanNotes } from "../../src/cli/scan/report/scan-notes.js";
import type { ScanReport } from "../../src/cli/scan/report/scan-report.js";
import { scan } from "../support/scan.js";

const HEAD = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
const sockets = new Set<Socket>();
let server: Server | undefined;

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

describe("a server that means harm", () => {
  it.each<[string, (socket: Socket) => void]>([
    ["a body without end", (socket) => pour(socket, `${HEAD}\r\n`, "a".repeat(65_536))],
    [
      "chunks without end",
      (socket) => pour(socket, `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, "5\r\nhello\r\n"),
    ],
    [
      "a compressed bomb",
      (socket) => {
        const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
        socket.write(`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
        socket.end(bomb);
      },
    ],
    ["a body that comes one byte at a time", (socket) => drip(socket, `${HEAD}\r\n`)],
    [
      "content that is announced and does not come",
      (socket) => socket.write(`${HEAD}Content-Length: 999\r\n\r\na`),
    ],
    [
      "a switch of protocols",
      (socket) =>
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        ),
    ],
  ])("gets an answer read up to a bound: %s", async (_what, answer) => {
    const read = (await send(answer)) as Answer;
    expect(read.status).toBeGreaterThanOrEqual(100);
    expect(read.body.length).toBeLessThanOrEqual(65_536);
  });

  it.each<[string, (socket: Socket) => void]>([
    [
      "header fields without end",
      (socket) => pour(socket, "HTTP/1.1 200 OK\r\n", "X-A: aaaaaaaaaaaaaaaa\r\n"),
    ],
    [
      "one field that is huge",
      (socket) => pour(socket, "HTTP/1.1 200 OK\r\nX-A: ", "a".repeat(65_536)),
    ],
    ["header fields one byte at a time", (socket) => drip(socket, "HTTP/1.1 200 OK\r\nX-A: ")],
    [
      "hints without end",
      (socket) => pour(socket, "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 5),
    ],
    ["no answer", () => undefined],
    ["no HTTP", (socket) => socket.end("SSH-2.0-OpenSSH\r\n")],
    ["an invalid field", (socket) => socket.end(`${HEAD}X-A: a\u0000b\r\n\r\n`)],
    ["nothing at all", (socket) => socket.destroy()],
  ])("gets no answer read: %s", async (_what, answer) => {
    expect(await send(answer)).toHaveProperty("failed");
  });

  it("is not followed in a circle, nor to another host", async () => {
    let asked: string[] = [];
    const url = await listen((socket) => {
      socket.once("data", (chunk) => {
        const [line = ""] = String(chunk).split("\r\n");
        asked.push(line);
        socket.end(
          `HTTP/1.1 302 Found\r\nLocation: /next${asked.length}\r\nContent-Length: 0\r\n\r\n`,
        );
      });
    });
    const report = await scan(url);
    expect(asked.length).toBeLessThanOrEqual(60);
    expect(report.unchecked).toContainEqual(
      expect.objectContaining({ check: "headers", why: "GET /next3 redirects more than 3 times" }),
    );
    // What the report says is what was sent, the first request among it.
    expect(report.requests).toBe(asked.length);
    asked = [];
    const other = await listen((socket) => {
      socket.once("data", () =>
        socket.end(`HTTP/1.1 302 Found\r\nLocation: ${url}/elsewhere\r\nContent-Length: 0\r\n\r\n`),
      );
    });
    await scan(other);
    expect(asked).toEqual([]);
  });

  it("cannot get a better grade by silence behind its first answer", async () => {
    let count = 0;
    const url = await listen((socket) => {
      socket.once("data", () => {
        count += 1;
        if (count === 1) socket.end(`${HEAD}X-Content-Type-Options: nosniff\r\n\r\n{}`);
        else socket.destroy();
      });
    });
    const report = await scan(url);
    expect(report.grade).toBe("F");
    expect(report.unchecked.map(({ check }) => check).sort()).toEqual([
      "cors",
      "errors",
      "methods",
    ]);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    [
      "content in a coding that nobody asked for",
      (socket) => {
        const content = gzipSync("    at handle (/srv/app/index.js:1:1)");
        const fields = `Content-Encoding: gzip\r\nContent-Length: ${content.length}\r\n`;
        socket.write(`HTTP/1.1 404 Not Found\r\nConnection: close\r\n${fields}\r\n`);
        socket.end(content);
      },
      "the content of GET / cannot be read: it has the coding gzip, which was not asked for",
    ],
    [
      "content that comes later than it is read",
      (socket) => socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\n"),
      "the content of GET / cannot be read: none came in time",
    ],
  ])("cannot get a better grade by %s", async (_what, answer, why) => {
    const main = (await send(answer)) as Answer;
    const notes = createScanNotes([]);
    checkErrors(
      { notes, mark: "scan" },
      { main, pages: [main], redirects: [], authorised: [], errors: [], missing: undefined },
    );
    expect(notes.uncheckedParts()).toEqual([{ check: "errors", severity: "high", why }]);
  });

  it("puts nothing into any form of the report", async () => {
    const evil = `\u001b]0;owned\u0007\u001b[2J<script>alert(1)</script>\u202e"'><img src=x>[a](b){0}`;
    const url = await listen((socket) => {
      socket.once("data", () => {
        socket.end(
          Buffer.from(
            `HTTP/1.1 200 OK\r\nX-Powered-By: ${evil.replaceAll("\u0007", "").replace("\u202e", "")}\r\nServer: 1\u009b2J\r\nContent-Length: 2\r\n\r\n{}`,
            "latin1",
          ),
        );
      });
    });
    const scanned = await scan(url).catch(() => undefined);
    const report: ScanReport = {
      url: `http://localhost/${evil}`,
      grade: "F",
      score: 0,
      requests: 1,
      findings: [
        {
          rule: "technology-named",
          check: "headers",
          severity: "low",
          title: "t",
          why: "w",
          fix: "f",
          seen: evil,
          at: [evil],
        },
        ...(scanned?.findings ?? []),
      ],
      unchecked: [{ check: "cors", severity: "critical", why: evil }],
      skipped: [{ check: "cors", why: evil }],
    };
    for (const [name, format] of Object.entries(SCAN_FORMATS)) {
      const text = format(report, false);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
      expect(text, name).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
    expect(formatScanHtml(report)).not.toMatch(/<script|<img/);
    expect(() => JSON.parse(SCAN_FORMATS.json(report))).not.toThrow();
    const sarif = JSON.parse(SCAN_FORMATS.sarif(report));
    expect(sarif.runs[0].results[0].message.text).toContain(String.raw`\[a\](b){{0}}`);
  });
});

async function send(answer: (socket: Socket) => void): Promise<Answer | NoAnswer> {
  const url = new URL(await listen((socket) => socket.once("data", () => answer(socket))));
  return exchange(
    { method: "GET", path: "/" },
    {
      protocol: "http:",
      hostname: url.hostname,
      port: Number(url.port),
      headers: {},
      timeoutMs: 3000,
      trustedOnly: false,
    },
  );
}

async function listen(handle: (socket: Socket) => void): Promise<string> {
  const made = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    handle(socket);
  });
  server = made;
  await new Promise<void>((done) => made.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

/** As much as the other side takes. */
function pour(socket: Socket, head: string, part: string, pauseMs = 0): void {
  socket.write(head);
  const next = (): void => {
    if (socket.destroyed) return;
    if (!socket.write(part)) socket.once("drain", next);
    else setTimeout(next, pauseMs);
  };
  next();
}

function drip(socket: Socket, head: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write("a"), 20);
  socket.once("close", () => clearInterval(timer));
}
