import { generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isKnownKey } from "./known-key.js";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
const ed = generateKeyPairSync("ed25519").publicKey;

const derOf = (key: typeof rsa): Buffer => key.export({ type: "spki", format: "der" });
const jwkOf = (key: typeof rsa) => key.export({ format: "jwk" });

/** The public key as the line of an OpenSSH key file has it, before base64. */
function sshBlob(): Buffer {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const modulus = Buffer.from(`AA${jwkOf(rsa).n}`, "base64url");
  return Buffer.concat([Buffer.from("ssh-rsa"), Buffer.from([1, 0, 1]), modulus].map(field));
}

const base64 = (key: typeof rsa): string => derOf(key).toString("base64");
const point = Buffer.concat(
  ["BA", jwkOf(ec).x, jwkOf(ec).y].map((part) => Buffer.from(String(part), "base64url")),
);

describe("isKnownKey", () => {
  it.each<[string, string | Buffer]>([
    ["DER that was read as latin1", derOf(rsa).toString("latin1")],
    ["DER that was read as UTF-8, RSA", derOf(rsa).toString("utf8")],
    ["DER that was read as UTF-8, EC", derOf(ec).toString("utf8")],
    ["a Buffer in JSON", JSON.stringify(derOf(ec))],
    ["a list of bytes in JSON", JSON.stringify([...derOf(ed)])],
    ["a data URL", `data:application/octet-stream;base64,${base64(ec)}`],
    ["base64 in quotation marks", `'${base64(ed)}'`],
    ["base64 in a URL", encodeURIComponent(base64(rsa))],
    ["base64 with continued lines", base64(rsa).replaceAll(/.{64}/g, "$&\\\n")],
    ["bytes as escapes", [...derOf(rsa)].map((b) => `\\x${b.toString(16)}`).join("")],
    ["bytes of C#", `{ ${[...derOf(ec)].map((b) => `0x${b.toString(16)}`).join(", ")} }`],
    [
      "hex of .NET",
      derOf(ec)
        .toString("hex")
        .replaceAll(/..(?=.)/g, "$&-"),
    ],
    ["hex behind a name", `KEY=${derOf(ec).toString("hex")}`],
    ["base64 in YAML", `key: ${base64(ed)}`],
    ["base64 in lines that a program joins", base64(rsa).replaceAll(/.{64}/g, '$&" + "')],
    ["an Ed25519 key read as UTF-16", derOf(ed).toString("utf16le")],
    ["a JWK in YAML", `kty: RSA\nn: ${jwkOf(rsa).n}\ne: AQAB`],
    ["XML of .NET", `<RSAKeyValue><Modulus>${jwkOf(rsa).n}</Modulus></RSAKeyValue>`],
    ["an OpenSSH key without its name", sshBlob().toString("base64")],
    ["an OpenSSH key as bytes", sshBlob()],
    ["an OpenSSH key with options", `no-pty ssh-rsa ${sshBlob().toString("base64")}`],
    ["an uncompressed point", point],
    ["an uncompressed point in hex", point.toString("hex")],
  ])("recognises %s", (_form, key) => {
    expect(isKnownKey(typeof key === "string" ? Buffer.from(key) : key)).toBe(true);
  });

  it("takes no random secret for a key, in whatever spelling", () => {
    for (let round = 0; round < 300; round += 1) {
      const bytes = randomBytes(65);
      bytes[0] = 4;
      for (const secret of [bytes, ...(["hex", "base64", "base64url"] as const)].map((form) =>
        typeof form === "string" ? Buffer.from(randomBytes(48).toString(form)) : form,
      )) {
        expect(isKnownKey(secret)).toBe(false);
      }
    }
  });
});
