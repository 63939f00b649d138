import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  COUNT,
  recordsIn,
  requestsIn,
  runService as run,
} from "../support/audit-log/service-process.js";

describe.each(["express4", "express"])(
  "a bad day of a service on %s",
  { timeout: 60_000 },
  (framework) => {
    it.each(["turn", "record"])(
      'with a full disk serves on and counts every lost record, write "%s"',
      async (write) => {
        const day = await run(
          framework,
          `async function main() {
          const audit = auditLog({ sinks: [fileSink({ path: "/dev/full", write: "${write}" }), fileSink({ path })] });
          const statuses = await serve(audit);
          await wait(20);
          const { lost, records, sinks, pending } = audit.stats();
          say({ statuses, lost, records, pending, sinks: sinks.map((sink) => sink.lost), status: audit.health().status,
            lastError: audit.health().sinks[0].lastError });
        } main();`,
        );
        expect(day.said).toEqual({
          statuses: { 200: COUNT },
          lost: COUNT + 1,
          records: COUNT + 1,
          pending: 0,
          sinks: [COUNT + 1, 0],
          status: "degraded",
          lastError: "ENOSPC",
        });
        expect([day.code, requestsIn(day)]).toEqual([0, COUNT]);
        expect(day.stderr).toContain("auditLog.sinks[0] (fileSink) failed: ENOSPC");
      },
    );

    it("with a disk that is full for a while names in the file what it lacks, exactly", async () => {
      const day = await run(
        framework,
        `const real = fs.writeSync;
       let full = false;
       fs.writeSync = (to, ...rest) => {
         if (to > 2 && full) throw Object.assign(new Error("full"), { code: "ENOSPC" });
         return real(to, ...rest);
       };
       async function main() {
         const audit = auditLog({ sinks: [fileSink({ path })] });
         const at = { 500: () => { full = true; }, 1500: () => { full = false; } };
         const statuses = await serve(audit, { at });
         await audit.close();
         say({ statuses, lost: audit.stats().lost });
       }
       main();`,
      );
      const { lost } = day.said as { lost: number };
      expect(day.said).toMatchObject({ statuses: { 200: COUNT } });
      expect(lost).toBeGreaterThan(900);
      const records = recordsIn(join(day.folder, "audit.jsonl"));
      const numbers = records
        .map((record) => String(record["audit.record.id"]))
        .filter((id) => !id.includes("."))
        .map((id) => Number(id.slice(id.lastIndexOf("-") + 1)));
      const [told] = records.filter((record) => record["event.name"] === "log_dropped");
      expect(told?.["audit.lost.count"]).toBe(lost);
      const [first, last] = [Number(told?.["audit.lost.first"]), Number(told?.["audit.lost.last"])];
      // One gap, between these numbers and nowhere else.
      expect(last - first + 1).toBe(lost);
      expect(numbers).toEqual(
        Array.from({ length: COUNT + 2 }, (_, index) => index + 1).filter(
          (number) => number < first || number > last,
        ),
      );
    });

    it("with transports that stall, throw or reject, has all records in the file, and holds a bounded number", async () => {
      const day = await run(
        framework,
        `class Stalled extends Transport { log() {} }
       class Throwing extends Transport { log() { throw new Error("no"); } }
       class Rejecting extends Transport { async log() { throw new Error("no"); } }
       async function main() {
          const audit = auditLog({
            sinks: [new Stalled(), new Throwing(), new Rejecting(), fileSink({ path })], stallAfter: "1s",
          });
          const stalls = [];
          subscribe("express-secure-api:audit-failure", (failure) => { if (failure.stalled) stalls.push(failure.position); });
          const statuses = await serve(audit);
          await wait(1200);
          say({ statuses, held: held(audit), stalls, status: audit.health().status, rejected: audit.stats().sinks[2].lost });
          process.exit(0);
        } main();`,
      );
      expect(day.said).toMatchObject({
        statuses: { 200: COUNT },
        stalls: [0],
        status: "degraded",
      });
      const { held } = day.said as { held: readonly number[] };
      expect(held.slice(1)).toEqual([0, 0, 0]);
      // It holds what it was given: its bound is not reached yet.
      expect(held[0]).toBe(COUNT + 2);
      expect(day.stderr).toContain("auditLog.sinks[0] (Stalled) has stalled");
      expect([day.code, requestsIn(day)]).toEqual([0, COUNT]);
      const events = recordsIn(join(day.folder, "audit.jsonl")).map(
        (record) => record["event.name"],
      );
      expect(events.filter((event) => event === "log_stalled")).toHaveLength(1);
    });

    it("with a stalled transport and more records than it may hold, counts the rest, exactly", async () => {
      const day = await run(
        framework,
        `class Stalled extends Transport { log() {} }
       async function main() {
          const stalled = new Stalled();
          // Short records: the bound of bytes would come first.
          const sinks = [stalled, fileSink({ path: "/dev/null" })];
          const audit = auditLog({ sinks, integrity: false });
          const app = express().use(audit, (request, response) => response.writeHead(204));
          const most = [];
          for (let index = 0; index < 30_000; index += 1) {
            const request = new http.IncomingMessage(null);
            Object.assign(request, { method: "GET", url: "/", socket: { remoteAddress: "127.0.0.1", bytesWritten: 0 } });
            const response = new http.ServerResponse(request);
            app(request, response);
            response.emit("finish");
            if (index % 10_000 === 9_999) most.push(held(audit)[0]);
          }
          const { records, sinks: [first] } = audit.stats();
          say({ most, balance: first.pending + first.lost - records });
          process.exit(0);
        } main();`,
      );
      expect(day.said).toEqual({ most: [10_000, 10_000, 10_000], balance: 0 });
    });

    it.each<[string, string, NodeJS.Signals | number]>([
      ["process.exit() inside of a handler", "process.exit(3)", 3],
      ["an exception outside of Express", 'setTimeout(() => { throw new Error("x"); })', 1],
      ["a rejection that nobody handles", 'void Promise.reject(new Error("x"))', 1],
      ["SIGTERM with a listener", 'process.kill(process.pid, "SIGTERM")', 0],
    ])(
      "that ends by %s has a record of every request that was answered",
      async (_how, end, code) => {
        const day = await run(
          framework,
          `process.on("SIGTERM", () => process.exit(0));
       let answered = 0;
       const audit = auditLog({ sinks: [fileSink({ path })] });
       void serve(audit, { handler(request, response) {
         response.on("finish", () => {
           answered += 1;
           fs.writeFileSync(join(folder, "answered"), String(answered));
         });
         if (answered === 1000) { ${end}; }
         response.end();
       } });`,
        );
        const answered = Number(readFileSync(join(day.folder, "answered"), "utf8"));
        expect(day.code).toBe(code);
        expect(answered).toBeGreaterThanOrEqual(1000);
        // The one whose handler ends the process is still open.
        const open = recordsIn(join(day.folder, "audit.jsonl")).filter(
          (record) => record["audit.ending"] === "still_open",
        );
        expect(open.length).toBeLessThanOrEqual(1);
        expect(requestsIn(day) - open.length).toBe(answered);
      },
    );

    it.each(["SIGTERM", "SIGKILL"] as const)(
      "that is killed by %s lacks at most its last turn, and nothing with `record`",
      async (signal) => {
        for (const write of ["turn", "record"]) {
          const day = await run(
            framework,
            `const audit = auditLog({ sinks: [fileSink({ path, write: "${write}" })] });
           let answered = 0;
           void serve(audit, { handler(request, response) {
             response.on("finish", () => { answered += 1; });
             if (answered >= 1000) {
               say({ answered });
               process.kill(process.pid, "${signal}");
             }
             response.end();
           } });`,
          );
          const { answered } = day.said as { answered: number };
          expect(day.signal).toBe(signal);
          const text = readFileSync(join(day.folder, "audit.jsonl"), "utf8");
          expect(text.endsWith("\n")).toBe(true);
          // At most one request of each of the 16 connections ends in a turn.
          expect(requestsIn(day)).toBeGreaterThanOrEqual(
            write === "record" ? answered : answered - 16,
          );
        }
      },
    );

    it("in worker threads has all records of each, also when a worker exits by itself", async () => {
      const day = await run(
        framework,
        `const { Worker, isMainThread, workerData } = require("node:worker_threads");
       const source = process.argv;
       async function main() {
         const code = process.execArgv.at(-1);
         const ends = await Promise.all([0, 1, 2].map((index) => new Promise((done) => {
           const worker = new Worker(workerCode, { eval: true, argv: [framework, folder], workerData: index });
           worker.on("error", (error) => say(String(error)));
           worker.on("exit", done);
         })));
         say({ ends });
       }
       const workerCode = ${JSON.stringify(`
         const { workerData } = require("node:worker_threads");
         const express = require(process.argv[2]);
         const http = require("node:http");
         const { auditLog, fileSink } = require("./dist/audit-log/index.js");
         const sinks = [fileSink({ path: process.argv[3] + "/worker-" + workerData + ".jsonl" })];
         const app = express().use(auditLog({ sinks }), (request, response) => response.writeHead(204));
         for (let index = 0; index < 2000; index += 1) {
           const request = new http.IncomingMessage(null);
           Object.assign(request, { method: "GET", url: "/", socket: { remoteAddress: "127.0.0.1", bytesWritten: 0 } });
           const response = new http.ServerResponse(request);
           app(request, response);
           response.emit("finish");
         }
         if (workerData === 1) process.exit(4);
       `)};
       main();`,
      );
      expect(day.said).toEqual({ ends: [0, 4, 0] });
      for (const worker of [0, 1, 2]) expect(requestsIn(day, `worker-${worker}.jsonl`)).toBe(COUNT);
    });

    it("with a directory that cannot be written says so at the start, and not later", async () => {
      // Root may write everywhere.
      const isRoot = execFileSync("id", ["-u"]).toString().trim() === "0";
      const locked = mkdtempSync(join(tmpdir(), "audit-"));
      chmodSync(locked, 0o500);
      const target = isRoot ? "/proc/audit.jsonl" : join(locked, "audit.jsonl");
      const day = await run(
        framework,
        `try { fileSink({ path: ${JSON.stringify(target)} }); } catch (error) { say({ name: error.name, message: error.message }); }`,
      );
      expect(day.said).toMatchObject({ name: "OptionsError" });
      expect((day.said as { message: string }).message).toMatch(/^fileSink\.path /);
    });
  },
);
