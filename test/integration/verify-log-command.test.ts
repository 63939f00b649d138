import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { manifest, root } from "../support/package-manifest.js";
import { ReferenceStream, textOf } from "../support/reference-log.js";

const command = join(
  root,
  (manifest as { bin?: Record<string, string> }).bin?.[manifest.name] ?? "",
);
const folder = mkdtempSync(join(tmpdir(), "verify-log-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const owner = generateKeyPairSync("ed25519");
const signingKey = owner.privateKey;
const log = new ReferenceStream({ signingKey }).records(25).end();
const whole = file("whole.jsonl", log.text);
const changed = file("changed.jsonl", log.text.replace("1003", "1004"));
const cut = file("cut.jsonl", textOf(log.lines.slice(0, 15)));
const key = file("pub.pem", owner.publicKey.export({ type: "spki", format: "pem" }));

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("the command verify-log", () => {
  it("ends with 0 when all is there, 1 when something was changed, 2 when something is missing", async () => {
    const good = await run(["verify-log", whole, "--key", key]);
    expect(good).toMatchObject({ status: 0, stderr: "" });
    expect(good.stdout).toBe(`Integrity:    intact
Completeness: complete
${log.number} records of 1 stream in 1 file

Nothing found.

Streams:
  ${log.stream}  intact    complete    ${log.number} records, 1 to ${log.number}; sealed to ${log.number}, closed
`);
    const bad = await run(["verify-log", changed, "--key", key]);
    expect(bad).toMatchObject({ status: 1, stderr: "" });
    expect(bad.stdout).toContain(`
tampered    record 5 is not what it was when record 6 was written: it was changed (changed_record)
            at:     ${changed}:5
            stream: ${log.stream}
`);
    const short = await run(["verify-log", cut, "--key", key]);
    expect(short).toMatchObject({ status: 2, stderr: "" });
    expect(short.stdout).toContain("(unsealed_tail)");
    expect(short.stdout).toContain("(not_closed)");
  });

  it("says when nobody's signature was checked", async () => {
    const unchecked = await run(["verify-log", whole]);
    expect(unchecked.status).toBe(0);
    expect(unchecked.stdout).toContain("Nobody's signature was checked: name the public key");
    const chain = new ReferenceStream({ integrity: "chain" }).records(3).end();
    const unsigned = await run(["verify-log", file("chain.jsonl", chain.text)]);
    expect(unsigned.status).toBe(0);
    expect(unsigned.stdout).toContain("Nobody signed this log");
  });

  it("reads the standard input and compressed files", async () => {
    expect(await run(["verify-log", "-", "--key", key], log.text)).toMatchObject({ status: 0 });
    const packed = file("whole.jsonl.gz", gzipSync(log.text));
    expect(await run(["verify-log", packed, "--key", key])).toMatchObject({ status: 0 });
    const piped = await run(["verify-log", "--key", key, "-"], gzipSync(log.text));
    expect(piped).toMatchObject({ status: 0 });
  });

  it("writes everything as JSON", async () => {
    const { stdout, status } = await run(["verify-log", changed, "--key", key, "--format", "json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      format: "express-secure-api/verify-log",
      version: 1,
      integrity: "tampered",
      completeness: "complete",
      signaturesChecked: true,
      records: log.number,
      files: [changed],
      counts: { changed_record: 1 },
      findingsLeftOut: 0,
      findings: [{ kind: "changed_record", verdict: "tampered", first: 5, last: 5, line: 5 }],
    });
  });

  it("compares with anchors, and lists no more findings than it was told to", async () => {
    const anchors = file("anchors.jsonl", `${log.anchor(11)}\n${log.anchor(21)}\n`);
    const vouched = await run(["verify-log", whole, "--anchor", anchors]);
    expect(vouched).toMatchObject({ status: 0 });
    expect(vouched.stdout).toContain("Integrity:    intact");
    const contradicted = await run(["verify-log", cut, "--anchor", anchors, "--max-findings", "1"]);
    expect(contradicted.status).toBe(2);
    expect(contradicted.stdout).toContain("2 more findings left out: see --max-findings.");
  });

  it("accepts a log that is open when its last checkpoint is young enough", async () => {
    const open = new ReferenceStream({ signingKey, time: Date.now() }).records(25);
    const path = file("open.jsonl", open.text);
    expect(await run(["verify-log", path, "--key", key])).toMatchObject({ status: 2 });
    const young = await run(["verify-log", path, "--key", key, "--max-age", "10m"]);
    expect(young).toMatchObject({ status: 0 });
    expect(young.stdout).toContain("(open_end)");
    expect(await run(["verify-log", cut, "--key", key, "--max-age", "10m"])).toMatchObject({
      status: 2,
    });
  });

  it("ends with 3 and one line when nothing can be found out", async () => {
    const pem = owner.privateKey.export({ type: "pkcs8", format: "pem" });
    const wrongs: readonly (readonly [readonly string[], string])[] = [
      [[], "name the files of the log"],
      [["missing.jsonl"], "missing.jsonl does not exist"],
      [[folder], "is a directory: name its files"],
      [[""], "a name of a file is empty"],
      [[whole, "--kee", key], 'there is no option "--kee": did you mean "--key"?'],
      [[whole, "--key", ""], "--key is empty"],
      [[whole, "--key", whole], "is no public key"],
      [[whole, "--key", "none.pem"], "the key none.pem cannot be read"],
      [[whole, "--key", file("private.pem", pem)], "is a private key, which belongs to"],
      [[whole, "--key", file("rsa.pem", rsaKey())], "is a key of type rsa: it must be Ed25519"],
      [[whole, "--anchor", whole], "line 1, is no anchor"],
      [[whole, "--anchor", file("empty", "")], "has no anchor in it"],
      [[whole, "--format", "tabel"], 'did you mean "table"?'],
      [[whole, "--max-age", "5"], "--max-age must be a duration, as 5m"],
      [[whole, "--max-findings", "0"], "--max-findings must be from 1 to 100000"],
    ];
    for (const [args, says] of wrongs) {
      const { status, stdout, stderr } = await run(["verify-log", ...args]);
      expect({ args, status, stdout }).toEqual({ args, status: 3, stdout: "" });
      expect(stderr).toContain(says);
      expect(stderr.split("\n")).toHaveLength(2);
    }
  }, 60_000);

  it("shows nothing of the log that could steer a terminal", async () => {
    const path = file("we\nird\u001b[31m.jsonl", log.text.replace("1003", "1004"));
    const table = await run(["verify-log", path]);
    expect(table.stdout).toContain("we\\u{a}ird\\u{1b}[31m.jsonl:5");
    const json = await run(["verify-log", path, "--format", "json"]);
    for (const { stdout } of [table, json]) expect(stdout).not.toMatch(/[^\P{C}\n]/u);
    const missing = await run(["verify-log", "\u001b[31m\n.jsonl"]);
    expect(missing.stderr).toBe("express-secure-api: \\u{1b}[31m\\u{a}.jsonl does not exist\n");
  });

  it("prints how it is used", async () => {
    const help = await run(["verify-log", "--help"]);
    expect(help.status).toBe(0);
    expect(help.stdout).toContain("Usage: express-secure-api verify-log <files...|->");
    expect(help.stdout.split("\n").every((line) => line.length <= 100)).toBe(true);
  });
});

function rsaKey(): string {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return publicKey.export({ type: "spki", format: "pem" }) as string;
}

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function run(args: readonly string[], input: string | Buffer = ""): Promise<Run> {
  const child = spawn(process.execPath, [command, ...args], { stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => undefined).end(input);
  return new Promise((done) => {
    child.on("close", (status) => done({ status, stdout, stderr }));
  });
}
