import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkStream, streamsIn } from "../../../test/support/audit-log/check-stream.js";
import { compiledLog, ended } from "../../../test/support/audit-log/compiled-log.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const start = compiledLog();

function newPath(): string {
  return join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
}

function signedLog(sink: string, more = ""): string {
  return `auditLog({ sinks: [${sink}], integrity: { signingKey: ${JSON.stringify(pem)}, ${more} } })`;
}

function streams(path: string): ReturnType<typeof checkStream>[] {
  return streamsIn(readFileSync(path, "utf8")).map((lines) => checkStream(lines, publicKey));
}

describe("the stream of a process", () => {
  it("is one of its own in each of four processes that share a file", async () => {
    const path = newPath();
    const log = signedLog(`fileSink({ path: ${JSON.stringify(path)} })`, "checkpointEvery: 50");
    const script = `
      const audit = ${log};
      (async () => {
        for (let round = 0; round < 20; round += 1) {
          serve(audit, 25);
          await new Promise(setImmediate);
        }
        await audit.close();
      })();`;
    const ends = await Promise.all(Array.from({ length: 4 }, () => ended(start(script))));
    expect(ends.map(({ code, stderr }) => `${code}${stderr}`)).toEqual(["0", "0", "0", "0"]);
    const found = streams(path);
    expect(found).toHaveLength(4);
    for (const { faults, ended: closed, unsealed, checkpoints, numbers } of found) {
      expect(faults).toEqual([]);
      expect(closed).toBe(true);
      expect(unsealed).toBe(0);
      expect(checkpoints.length).toBeGreaterThan(5);
      expect(numbers).toHaveLength(500 + 2 + checkpoints.length);
    }
  });

  it.each(["turn", "record"])(
    'is sealed to its last record when the process exits without close(), with write "%s"',
    async (write) => {
      const path = newPath();
      const sink = `fileSink({ path: ${JSON.stringify(path)}, write: "${write}" })`;
      const script = `
        const anchors = [];
        const audit = ${signedLog(sink, "onCheckpoint: (anchor) => { anchors.push(anchor.number); }")};
        process.on("exit", () => { serve(audit, 3); });
        serve(audit, 2000);
        process.on("exit", () => console.log(JSON.stringify(anchors)));
        process.exit(3);`;
      const { code, stdout } = await ended(start(script));
      expect(code).toBe(3);
      const [found] = streams(path);
      expect(found?.faults).toEqual([]);
      expect(found?.numbers.length).toBeGreaterThanOrEqual(2002);
      expect(found?.ended).toBe(false);
      expect(JSON.parse(stdout)).toEqual([found?.checkpoints.at(-1)?.["audit.sequence.number"]]);
    },
  );

  it.each([
    ["an uncaught exception", "throw new Error('end');", 1, null],
    [
      "a signal with a listener",
      "process.on('SIGTERM', () => process.exit(0)); process.kill(process.pid, 'SIGTERM'); setTimeout(() => undefined, 5000);",
      0,
      null,
    ],
    ["the end of its work", "", 0, null],
  ])("is sealed to its last record by %s", async (_how, end, code, signal) => {
    const path = newPath();
    const log = signedLog(`fileSink({ path: ${JSON.stringify(path)} })`);
    const result = await ended(start(`const audit = ${log}; serve(audit, 500); ${end}`));
    expect(result).toMatchObject({ code, signal });
    const [found] = streams(path);
    expect(found).toMatchObject({ faults: [], unsealed: 0, ended: false });
    expect(found?.numbers.length).toBe(502);
  });

  it("has a whole chain and a tail without a seal when the process is killed", async () => {
    const path = newPath();
    const sink = `fileSink({ path: ${JSON.stringify(path)}, write: "record" })`;
    const script = `
      const audit = ${signedLog(sink, "checkpointEvery: 100")};
      serve(audit, 150);
      setImmediate(() => setImmediate(() => { serve(audit, 70); process.kill(process.pid, "SIGKILL"); }));`;
    expect(await ended(start(script))).toMatchObject({ signal: "SIGKILL" });
    const [found] = streams(path);
    expect(found).toMatchObject({ faults: [], unsealed: 70, ended: false });
    expect(found?.checkpoints).toHaveLength(1);
  });

  it("is whole on the standard output, among lines of the app", async () => {
    const script = `
      const audit = ${signedLog("stdoutSink()", "checkpointEvery: 10")};
      for (let round = 0; round < 5; round += 1) { serve(audit, 10); console.log("from the app"); }
      audit.close();`;
    const { stdout } = await ended(start(script));
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    const [found] = streamsIn(lines.join("\n")).map((one) => checkStream(one, publicKey));
    expect(found).toMatchObject({ faults: [], unsealed: 0, ended: true });
  });

  it("does not keep the process alive", async () => {
    const script = `
      const audit = ${signedLog("stdoutSink()", "onCheckpoint: () => new Promise(() => undefined)")};
      serve(audit, 1);`;
    expect((await ended(start(script))).code).toBe(0);
  });
});
