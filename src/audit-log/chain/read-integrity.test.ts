import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OptionsError } from "../../core/options/options-error.js";
import { type AuditLog, auditLog } from "../index.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const jwk = privateKey.export({ format: "jwk" });
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

function withIntegrity(integrity: unknown): AuditLog {
  return auditLog({ integrity: integrity as "chain" });
}

function problemsOf(integrity: unknown): readonly string[] {
  try {
    void withIntegrity(integrity).close();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe("the option integrity", () => {
  it.each<[string, unknown]>([
    ["nothing", false],
    ["a chain", "chain"],
    ["PEM", { signingKey: pem }],
    ["PEM with text around it", { signingKey: `a key\n${pem}\n` }],
    ["a KeyObject", { signingKey: privateKey }],
    ["a JWK", { signingKey: jwk }],
    ["a function", { sign: () => new Uint8Array(64) }],
    [
      "all of it",
      {
        signingKey: pem,
        checkpointEvery: 1,
        checkpointInterval: "1d",
        onCheckpoint: () => undefined,
      },
    ],
  ])("takes %s", (_name, integrity) => {
    expect(problemsOf(integrity)).toEqual([]);
  });

  const key = "auditLog.integrity.signingKey must be an Ed25519 private key";
  it.each<[string, unknown, string]>([
    ["true", true, 'got true: write "chain"'],
    ["another word", "hmac", 'auditLog.integrity must be false, "chain" or an object with'],
    ["null", null, "auditLog.integrity must be false"],
    ["a list", [], "auditLog.integrity must be an options object"],
    ["a variable that is not set", undefined, "auditLog.integrity must not be undefined"],
    ["no key", {}, "auditLog.integrity must have signingKey or sign; for a chain without"],
    [
      "two keys",
      { signingKey: pem, sign: () => undefined },
      "must have signingKey or sign, not both",
    ],
    ["a key that is not set", { signingKey: undefined }, "signingKey must not be undefined"],
    ["a function that is not set", { sign: undefined }, "sign must not be undefined"],
    [
      "an observer that is not set",
      { signingKey: pem, onCheckpoint: undefined },
      "onCheckpoint must not be undefined",
    ],
    [
      "a path",
      { signingKey: "/run/secrets/audit.pem" },
      `${key}: PEM (PKCS #8), a KeyObject or a JWK, got text that is not PEM: if it is a path`,
    ],
    ["an empty text", { signingKey: "" }, "got text that is not PEM"],
    ["bytes", { signingKey: Buffer.from(pem) }, "got bytes: read the file as text"],
    [
      "a public key",
      { signingKey: publicKey.export({ format: "pem", type: "spki" }) },
      "got a public key",
    ],
    ["a public KeyObject", { signingKey: publicKey }, "got a public key"],
    ["a public JWK", { signingKey: publicKey.export({ format: "jwk" }) }, "got an object that is"],
    ["another kind of key", { signingKey: elliptic }, "got one of type ec: openssl genpkey"],
    ["another kind of JWK", { signingKey: elliptic.export({ format: "jwk" }) }, "of type ec"],
    [
      "an encrypted key",
      {
        signingKey: privateKey.export({
          format: "pem",
          type: "pkcs8",
          cipher: "aes-256-cbc",
          passphrase: "p",
        }),
      },
      "got an encrypted one: decrypt it with",
    ],
    [
      "PEM with escaped line ends, as from a variable of the environment",
      { signingKey: pem.replaceAll("\n", "\\n") },
      'line ends are written as \\n: write key.replaceAll("\\\\n", "\\n")',
    ],
    ["PEM in one line", { signingKey: pem.replaceAll("\n", " ") }, "its line ends are lost"],
    ["the key itself", pem, "got a string of 119 characters: write { signingKey }"],
    ["PEM that is cut", { signingKey: pem.slice(0, 60) }, "got PEM that cannot be read"],
    ["a number", { signingKey: 7 }, "got a number"],
    ["a promise", { signingKey: Promise.resolve(pem) }, "got an object that is neither"],
    ["no function", { sign: "kms" }, "auditLog.integrity.sign must be a function"],
    [
      "no records",
      { signingKey: pem, checkpointEvery: 0 },
      "checkpointEvery must be a whole number",
    ],
    ["a bare number", { signingKey: pem, checkpointInterval: 10_000 }, '"10s" for milliseconds'],
    ["too short an interval", { signingKey: pem, checkpointInterval: "10ms" }, "from 1s to 1d"],
    ["another option", { signingKey: pem, hmacKey: "k" }, "a key that everybody who verifies must"],
  ])("refuses %s", (_name, integrity, problem) => {
    expect(problemsOf(integrity).join("\n")).toContain(problem);
  });

  it("never prints a key, whatever is wrong with it", () => {
    const secret = pem.split("\n")[1] ?? "";
    const wrong = [
      { signingKey: pem.replace("PRIVATE", "SECRET") },
      { signingKey: pem.slice(0, -40) },
      { signingKey: secret },
      { signingKey: { ...jwk, crv: "Ed448" } },
      { sign: pem },
      { onCheckpoint: pem, signingKey: 1 },
      { [secret]: 1 },
      pem,
      createPrivateKey(pem),
      createPublicKey(pem),
    ];
    for (const integrity of wrong) {
      const text = problemsOf(integrity).join("\n");
      expect(text).not.toBe("");
      expect(text).not.toContain(secret.slice(0, 12));
      expect(text).not.toContain(String(jwk.d).slice(0, 12));
    }
  });
});
