import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(__dirname, "../..");

/** What the process of each test begins with. Its arguments: the file, when it is written, the major of Express. */
const PRELUDE = `
  const { subscribe } = require("node:diagnostics_channel"), http = require("node:http");
  const [path, write, framework] = process.argv.slice(1);
  const express = require(framework);
  const { auditLog, fileSink } = require("./dist/audit-log/index.js");
  const Transport = require("winston-transport");
  const file = () => fileSink({ path, write });
  // Without a network, so that several requests end in one turn.
  function serve(app, init) {
    const request = new http.IncomingMessage(null);
    Object.assign(request, { method: "GET", url: "/", socket: { remoteAddress: "127.0.0.1" } }, init);
    const response = new http.ServerResponse(request);
    app(request, response);
    response.emit("finish");
  }
  function ask(sinks, onFinish = () => undefined, onRequest = () => undefined) {
    const app = express();
    app.use(auditLog({ sinks }), (request, response) => {
      onRequest();
      response.on("finish", onFinish);
      response.end();
    });
    const server = app.listen(0, "127.0.0.1", () => {
      setTimeout(() => http.get({ port: server.address().port, agent: false }).on("error", () => undefined), 50);
    });
  }
`;

function eventsAfter(script: string, write: string, framework: string): readonly unknown[] {
  return recordsAfter(script, write, framework).map((record) => record["event.name"]);
}

function recordsAfter(
  script: string,
  write: string,
  framework: string,
): readonly Record<string, unknown>[] {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  const run = spawnSync(process.execPath, ["-e", PRELUDE + script, path, write, framework], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 15_000,
  });
  expect(run.signal).toBeNull();
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

const ENDS: readonly [string, string][] = [
  [
    "process.exit() while an earlier listener of exit exits once more",
    'process.on("exit", () => process.exit(3)); ask([file()], () => process.exit(1));',
  ],
  [
    "process.exit() while an earlier listener of exit throws",
    'process.on("exit", () => { throw new Error("x"); }); ask([file()], () => process.exit(1));',
  ],
  [
    "process.exit() after all listeners of exit were removed while the request was open",
    'ask([file()], () => process.exit(1), () => process.removeAllListeners("exit"));',
  ],
  [
    "a subscriber that exits when another sink of the same log fails",
    `ask([fileSink({ path: "/dev/full", write }), file()], undefined, () =>
       subscribe("express-secure-api:audit-failure", () => process.exit(1)));`,
  ],
  [
    "a subscriber that exits when another log fails in the same turn",
    `const apps = [fileSink({ path: "/dev/full", write }), file()].map((sink) =>
       express().use(auditLog({ sinks: [sink] }), (request, response) => response.writeHead(204)));
     // Both logs have told their start by then.
     setImmediate(() => setImmediate(() => {
       subscribe("express-secure-api:audit-failure", () => process.exit(1));
       for (const app of write === "turn" ? apps : apps.reverse()) serve(app);
     }));`,
  ],
  [
    "another transport that exits",
    `ask([new (class extends Transport {
       log(info, next) { if (info["event.name"] === "api_request") process.exit(1); next(); }
     })(), file()]);`,
  ],
];

describe.each(["express4", "express"])("a process of %s that ends by", (framework) => {
  it.each(ENDS.flatMap(([end, script]) => ["turn", "record"].map((write) => [end, write, script])))(
    '%s loses no record with "%s"',
    (_end = "", write = "", script = "") => {
      const events = eventsAfter(script, write, framework);
      expect(events).toEqual(["sys_monitor_enabled", "api_request"]);
    },
  );
});

describe("a process that ends at once", () => {
  it.each([
    ["process.exit()", "process.exit(0);"],
    ["an exception", 'throw new Error("x");'],
    ["the end of its work", ""],
  ])("by %s leaves the record of its start", (_end, script) => {
    const events = eventsAfter(`auditLog({ sinks: [file()] }); ${script}`, "turn", "express");
    expect(events).toEqual(["sys_monitor_enabled"]);
  });
});

describe("refusals that are counted until the minute ends", () => {
  const flood = (sinks: string): string => `
    const { secureHeaders } = require("./dist/secure-headers/index.js");
    const app = express().use(auditLog({ sinks: [${sinks}] }), secureHeaders({ cors: { origins: ["https://a.test"] } }));
    for (let index = 0; index < 150; index += 1) serve(app, {
      method: "OPTIONS", headers: { origin: "https://b.test", "access-control-request-method": "PUT" },
    });`;

  it.each([
    ["process.exit()", "process.exit(0);"],
    ["an exception", 'throw new Error("x");'],
    ["the end of its work", ""],
    [
      "process.exit() after all listeners of exit were removed, and one more request",
      `process.removeAllListeners("exit"); serve(app, {
         method: "OPTIONS", headers: { origin: "https://b.test", "access-control-request-method": "PUT" },
       }); process.exit(0);`,
    ],
  ])("are in a record when the process ends by %s", (_end, script) => {
    for (const write of ["turn", "record"]) {
      const records = recordsAfter(flood("file()") + script, write, "express");
      const counts = records.map((record) => Number(record["audit.repeat.count"] ?? 0));
      const full = records.filter((record) => "http.request.id" in record).length;
      expect(full).toBe(100);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(
        script.includes("serve") ? 51 : 50,
      );
    }
  });

  it("are in a record when a transport ends the process while they are told", () => {
    const exiting = `new (class extends Transport {
      log(info, next) { if (info.message.includes("audit.repeat.count")) process.exit(1); next(); }
    })()`;
    const records = recordsAfter(flood(`${exiting}, file()`), "turn", "express");
    expect(records.map((record) => record["audit.repeat.count"]).filter(Number)).toEqual([50]);
  });
});

describe("a transport whose async log() rejects", () => {
  it("does not end the process", () => {
    const events = eventsAfter(
      `ask([file(), new (class extends Transport { async log() { throw new Error("down"); } })()], () =>
         setTimeout(() => process.exit(0), 200));`,
      "record",
      "express",
    );
    expect(events).toEqual(["sys_monitor_enabled", "api_request"]);
  });
});
