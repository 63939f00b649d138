import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { compiledLog, ended } from "../../../test/support/audit-log/compiled-log.js";

const start = compiledLog();
const SILENT = "Object.assign(new (require('winston-transport'))(), { log() {} })";

function newPath(): string {
  return JSON.stringify(join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl"));
}

/** What the standard error output says last. */
async function lastWord(script: string): Promise<string> {
  const child = start(script);
  // Nobody reads it, until the process has ended.
  child.stdout?.pause();
  const stderr = await saidUntilExit(child);
  child.stdout?.destroy();
  return stderr.trim().split("\n").at(-1) ?? "";
}

/** All of the standard error output: some of it may come behind the event of the exit. */
async function saidUntilExit(child: ChildProcess): Promise<string> {
  const [said] = await Promise.all([text(child.stderr as Readable), once(child, "exit")]);
  return said;
}

describe("a process that exits", () => {
  it.each(["turn", "record"])(
    'tells how many records a full disk has lost, with write "%s"',
    async (write) => {
      const sink = `fileSink({ path: "/dev/full", write: "${write}" })`;
      const script = `serve(auditLog({ sinks: [${sink}] }), 2000); process.exit();`;
      expect(await lastWord(script)).toContain("(fileSink) failed: ENOSPC; 2001 records lost");
    },
  );

  it.each(["process.exit()", "undefined"])(
    "tells how many records a transport has not taken, after %s",
    async (exit) => {
      const sinks = `[fileSink({ path: ${newPath()} }), ${SILENT}]`;
      const script = `serve(auditLog({ sinks: ${sinks} }), 2000); setTimeout(() => ${exit}, 20);`;
      expect(await lastWord(script)).toMatch(
        /sinks\[1\] \(\w+\) failed: ECANCELED; 2001 records lost/,
      );
    },
  );

  it("tells how many records were written to a file that was deleted, before anybody could notice", async () => {
    const script = `
      const path = ${newPath()};
      const audit = auditLog({ sinks: [fileSink({ path })] });
      serve(audit, 1000);
      setTimeout(() => { require("node:fs").unlinkSync(path); serve(audit, 1000); process.exit(); }, 20);`;
    // On a slow machine, the first of them are seen in their place once more.
    expect(await lastWord(script)).toMatch(/failed: FILE_DELETED; (1\d{3}|200[01]) records lost/);
  });

  it("tells how many records the reader of its standard output has not taken", async () => {
    const script = `
      const audit = auditLog();
      serve(audit, 2000);
      const { pending } = audit.stats();
      process.stderr.write(pending + "\\n");
      process.exit();`;
    const child = start(script);
    child.stdout?.pause();
    const stderr = await saidUntilExit(child);
    child.stdout?.destroy();
    const pending = Number(/^\d+/.exec(stderr)?.[0]);
    expect(pending).toBeGreaterThan(1000);
    expect(stderr).toContain(`(stdoutSink) failed: ENOBUFS; ${pending} records lost`);
  });
});

describe("a process whose standard error output nobody reads", () => {
  it("waits for nobody when it has to tell a failure", async () => {
    const child = start(`
      require("node:fs").writeSync(2, Buffer.alloc(65_536));
      serve(auditLog({ sinks: [fileSink({ path: "/dev/full" })] }), 10);
      setTimeout(() => process.exit(3), 20);`);
    child.stderr?.pause();
    expect(await new Promise((done) => child.on("exit", done))).toBe(3);
    child.stderr?.destroy();
  });
});

describe("close()", () => {
  it("counts as lost what the reader of the standard output has not taken by then", async () => {
    const script = `
      const audit = auditLog();
      serve(audit, 2000);
      const { pending } = audit.stats();
      audit.close().then(() => {
        const { lost, pending: left } = audit.stats();
        process.stderr.write(JSON.stringify([lost - pending, left]));
      });`;
    // The last record of the log is lost as well.
    expect(await lastWord(script)).toBe("[1,0]");
  }, 20_000);

  it("counts as lost what was written to a file that was deleted since it was looked at", async () => {
    const script = `
      const path = ${newPath()};
      const audit = auditLog({ sinks: [fileSink({ path })] });
      serve(audit, 10);
      setTimeout(async () => {
        require("node:fs").unlinkSync(path);
        await audit.close();
        process.stderr.write("lost " + audit.stats().lost);
      }, 20);`;
    expect(await lastWord(script)).toBe("lost 12");
  });

  it("comes to its end where nothing else keeps the process alive, with a transport that never does", async () => {
    const script = `
      const audit = auditLog({ sinks: [Object.assign(${SILENT}, { log(_, next) { next(); }, end() {} })] });
      serve(audit, 1);
      setTimeout(async () => { await audit.close(); process.stderr.write("closed"); }, 20);`;
    const { stderr } = await ended(start(script));
    expect(stderr).toBe("closed");
  });
});
