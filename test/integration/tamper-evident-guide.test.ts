import { execFileSync, spawnSync } from "node:child_process";
import { createPublicKey, type KeyObject, sign as signWith, verify } from "node:crypto";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditLog } from "../../src/audit-log/index.js";
import { checkStream } from "../support/audit-log/check-stream.js";
import { MemorySink } from "../support/audit-log/memory-sink.js";
import { type GuideSection, guideSections } from "../support/guide.js";

type Sign = (data: Uint8Array) => Promise<Uint8Array>;

function section(heading: string): GuideSection {
  const found = guideSections("tamper-evident-log.md").find((one) => one.heading === heading);
  if (found === undefined) throw new Error(`no section "${heading}"`);
  return found;
}

function folder(): string {
  return mkdtempSync(join(tmpdir(), "guide-"));
}

function keysIn(made: string): { readonly signingKey: string; readonly publicKey: KeyObject } {
  return {
    signingKey: readFileSync(join(made, "audit-key.pem"), "utf8"),
    publicKey: createPublicKey(readFileSync(join(made, "audit-key.pub.pem"), "utf8")),
  };
}

async function expectSigned(made: string): Promise<void> {
  const { signingKey, publicKey } = keysIn(made);
  const sink = new MemorySink();
  const audit = auditLog({ sinks: [sink], integrity: { signingKey } });
  await new Promise((resolve) => setImmediate(resolve));
  await audit.close();
  expect(checkStream(sink.lines, publicKey)).toMatchObject({ faults: [], ended: true });
}

describe("the guide to a tamper-evident log", () => {
  it("makes a pair of keys with Node.js that signs and verifies, for its owner only", async () => {
    const made = folder();
    const [script = ""] = section("Make the key").blocks("js");
    execFileSync(process.execPath, ["-e", script], { cwd: made });
    expect(statSync(join(made, "audit-key.pem")).mode & 0o777).toBe(0o600);
    await expectSigned(made);
  });

  it.skipIf(spawnSync("openssl", ["version"]).status !== 0)(
    "makes a pair of keys with openssl that signs and verifies",
    async () => {
      const made = folder();
      const [script = ""] = section("Make the key").blocks("sh");
      execFileSync("sh", ["-e", "-c", script], { cwd: made, stdio: "pipe" });
      await expectSigned(made);
    },
  );

  describe("with a key in a KMS", () => {
    const made = folder();
    let vault: Server;
    let sign: Sign;

    beforeAll(async () => {
      const [script = ""] = section("Make the key").blocks("js");
      execFileSync(process.execPath, ["-e", script], { cwd: made });
      const { signingKey } = keysIn(made);
      // As https://developer.hashicorp.com/vault/api-docs/secret/transit says.
      vault = createServer(async (req, res) => {
        let body = "";
        for await (const chunk of req) body += chunk;
        if (req.url !== "/v1/transit/sign/audit-log" || req.method !== "POST") {
          res.writeHead(404).end();
          return;
        }
        const input = Buffer.from(JSON.parse(body).input, "base64");
        const signature = `vault:v1:${signWith(null, input, signingKey).toString("base64")}`;
        res.end(JSON.stringify({ data: { signature } }));
      });
      await new Promise<void>((resolve) => vault.listen(0, "127.0.0.1", resolve));
      const { port } = vault.address() as AddressInfo;
      const [code = ""] = section("Keep the key in a KMS").blocks("ts");
      const plain = code
        .replace(/^import .*$/m, "")
        .replace("(data: Uint8Array): Promise<Uint8Array>", "(data)")
        .replace(" as { data: { signature: string } }", "")
        .replace("https://vault.internal:8200", `http://127.0.0.1:${port}`)
        .replace(/^app\.use.*$/m, "");
      sign = new Function(`${plain}; return sign;`)() as Sign;
    });

    afterAll(() => void vault.close());

    it("gets the signature from Vault", async () => {
      const data = Buffer.from("something");
      const { publicKey } = keysIn(made);
      expect(verify(null, data, publicKey, await sign(data))).toBe(true);
    });

    it("writes a log that verifies by the public key", async () => {
      const sink = new MemorySink();
      const audit = auditLog({ sinks: [sink], integrity: { sign } });
      await new Promise((resolve) => setImmediate(resolve));
      await audit.close();
      expect(checkStream(sink.lines, keysIn(made).publicKey)).toMatchObject({
        faults: [],
        ended: true,
      });
    });
  });
});
