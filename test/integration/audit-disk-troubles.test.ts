import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  COUNT,
  recordsIn,
  requestsIn,
  runService,
  type ServiceRun,
} from "../support/audit-log/service-process.js";
import { verifyByCommand } from "../support/audit-log/verify-command.js";

/** Root may write everywhere: what runs as root becomes somebody else, who owns the folder. */
const UNPRIVILEGED = `
  if (process.getuid() === 0) {
    // One in another, where several projects of Vitest run.
    const { basename, dirname } = require("node:path");
    for (let above = dirname(folder); basename(above).startsWith("express-secure-api-test-"); above = dirname(above))
      fs.chmodSync(above, 0o711);
    fs.chownSync(folder, 65534, 65534);
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
  }
`;

/** The numbers of the records in all files of a run that are still there, in order. */
function numbersIn({ folder }: ServiceRun): readonly number[] {
  return readdirSync(folder)
    .flatMap((name) => recordsIn(join(folder, name)))
    .filter((record) => "audit.sequence.number" in record)
    .map((record) => Number(record["audit.sequence.number"]))
    .sort((one, other) => one - other);
}

/** What the log itself says that it lost. */
function lostIn({ folder }: ServiceRun): number {
  const records = readdirSync(folder).flatMap((name) => recordsIn(join(folder, name)));
  return records
    .filter((record) => record["event.name"] === "log_dropped")
    .reduce((sum, record) => sum + Number(record["audit.lost.count"]), 0);
}

const frameworks = ["express4", "express"];

describe.each(frameworks)("a service on %s", { timeout: 120_000 }, (framework) => {
  it.each(["turn", "record"])(
    'whose directory becomes read-only goes on in its file, and rotates it when it can, with write "%s"',
    async (write) => {
      const day = await runService(
        framework,
        `${UNPRIVILEGED}
        async function main() {
          const codes = new Set();
          subscribe("express-secure-api:audit-failure", ({ code }) => codes.add(code));
          const audit = auditLog({ sinks: [fileSink({ path, write: "${write}", rotate: { size: "200kb" } })] });
          const before = await serve(audit, { count: 200, at: { 20: () => fs.chmodSync(folder, 0o500) } });
          await serve(audit, { count: 1600 });
          const whileLocked = fs.readdirSync(folder).length;
          fs.chmodSync(folder, 0o700);
          await serve(audit, { count: 200 });
          let more = 0;
          // It tries again ever less often, up to once a minute.
          for (; fs.readdirSync(folder).length === 1; more += 1) {
            await wait(300);
            await serve(audit, { count: 1 });
          }
          const { lost, pending } = audit.stats();
          await audit.close();
          say({ codes: [...codes], lost, pending, whileLocked, more });
        } main();`,
      );
      const { more, ...said } = day.said as { more: number };
      expect(said).toEqual({ codes: ["EACCES"], lost: 0, pending: 0, whileLocked: 1 });
      expect(day.code).toBe(0);
      const files = readdirSync(day.folder);
      expect(files.length).toBeGreaterThan(1);
      expect(files.reduce((sum, file) => sum + requestsIn(day, file), 0)).toBe(COUNT + more);
    },
  );

  it.each(["turn", "record"])(
    'whose file is deleted in a directory that cannot be written to says what it lost, exactly, with write "%s"',
    async (write) => {
      const day = await runService(
        framework,
        `${UNPRIVILEGED}
        async function main() {
          const audit = auditLog({ sinks: [fileSink({ path, write: "${write}" })] });
          const statuses = [await serve(audit, { count: 500 })];
          fs.unlinkSync(path);
          fs.chmodSync(folder, 0o500);
          await wait(1100);
          statuses.push(await serve(audit, { count: 1000 }));
          const { failing, pending } = audit.stats();
          fs.chmodSync(folder, 0o700);
          await wait(1100);
          statuses.push(await serve(audit, { count: 500 }));
          await audit.close();
          const { records, lost } = audit.stats();
          say({ statuses, failing, pending, records, lost });
        } main();`,
      );
      const said = day.said as { records: number; lost: number };
      expect(said).toMatchObject({
        statuses: [{ 200: 500 }, { 200: 1000 }, { 200: 500 }],
        failing: true,
        pending: 0,
      });
      expect(day.code).toBe(0);
      expect(said.lost).toBeGreaterThanOrEqual(1000);
      // What was in the file when it was deleted is gone with it: the chain shows that, not the count.
      const numbers = numbersIn(day);
      const [first = 0] = numbers;
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => first + at));
      expect(numbers.at(-1)).toBe(said.records);
      expect(lostIn(day)).toBe(said.lost);
      expect(first - 1 - said.lost).toBeLessThanOrEqual(502);
      expect(verifyByCommand([join(day.folder, "audit.jsonl")])).toMatchObject({
        status: 2,
        counts: { missing_records: 1 },
      });
    },
  );

  it("whose disk is full of lost records holds no more memory than one that lost a few", async () => {
    const day = await runService(
      framework,
      `require("node:v8").setFlagsFromString("--expose-gc");
      const gc = require("node:vm").runInNewContext("gc");
      async function main() {
        const audit = auditLog({ sinks: [fileSink({ path: "/dev/full" })] });
        const heaps = [];
        for (const count of [1000, 4000]) {
          await serve(audit, { count });
          gc();
          heaps.push(process.memoryUsage().heapUsed);
        }
        say({ grown: heaps[1] - heaps[0], lost: audit.stats().lost });
      } main();`,
    );
    const { grown, lost } = day.said as { grown: number; lost: number };
    expect(lost).toBe(5001);
    // The 4,000 records have more than 2 MB.
    expect(grown).toBeLessThan(1_500_000);
  });
});

/** A file system of 256 KiB, where we may mount one. */
const disk = mkdtempSync(join(tmpdir(), "audit-disk-"));
const mounted =
  process.platform === "linux" &&
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]).status === 0;
if (mounted) execFileSync("umount", [disk]);
rmdirSync(disk);

describe.skipIf(!mounted).each(frameworks)("a small disk, on %s", (framework) => {
  it.each(["turn", "record"])(
    'that is really full tears no more than one line, and the log tells the rest, with write "%s"',
    { timeout: 120_000 },
    async (write) => {
      const day = await runService(
        framework,
        `const { execFileSync } = require("node:child_process");
        const disk = join(folder, "disk");
        fs.mkdirSync(disk);
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
        fs.writeFileSync(join(disk, "filler"), Buffer.alloc(3_700_000));
        async function main() {
          const target = join(disk, "audit.jsonl");
          const audit = auditLog({ sinks: [fileSink({ path: target, write: "${write}" })] });
          const statuses = await serve(audit, { at: { 1500: () => fs.unlinkSync(join(disk, "filler")) } });
          await audit.close();
          const { records, lost } = audit.stats();
          fs.copyFileSync(target, path);
          execFileSync("umount", [disk]);
          fs.rmdirSync(disk);
          say({ statuses, records, lost });
        } main();`,
      );
      const said = day.said as { records: number; lost: number };
      expect(said).toMatchObject({ statuses: { 200: COUNT } });
      expect(said.lost).toBeGreaterThan(500);
      const verdict = verifyByCommand([join(day.folder, "audit.jsonl")]);
      expect(verdict).toMatchObject({ status: 2, integrity: "unsigned" });
      expect(verdict.records + said.lost).toBe(said.records);
      const kinds = new Set(verdict.findings.map(({ kind }) => kind));
      expect([...kinds].filter((kind) => kind !== "torn_line")).toEqual(["missing_records"]);
    },
  );
});
