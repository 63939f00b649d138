import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OptionsError } from "../core/options/options-error.js";
import { createTokenVerifier } from "./index.js";

const issuer = "https://issuer.test/";
const audience = "https://api.test/";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const edwards = generateKeyPairSync("ed25519");
const pem = rsa.publicKey.export({ format: "pem", type: "spki" }) as string;
const spki = rsa.publicKey.export({ format: "der", type: "spki" });
const jwk = rsa.publicKey.export({ format: "jwk" });
const ecPem = ec.publicKey.export({ format: "pem", type: "spki" }) as string;
const ecJwk = ec.publicKey.export({ format: "jwk" });
const oneLine = pem.replaceAll("\n", "");
const escaped = pem.replaceAll("\n", "\\n");
/** Of a self-signed certificate for CN=issuer.test. */
const certificate = "MIIBijCCATGgAwIBAgIUJlYiqf4ItBPgc9s6Rw0Qq+0ybTgwCgYIKoZIzj0EAwIw";

const FORMS: readonly (readonly [form: string, secret: string | Uint8Array])[] = [
  ["PEM", pem],
  ["PEM in a Buffer", Buffer.from(pem)],
  ["PEM in a Uint8Array", new Uint8Array(Buffer.from(pem))],
  ["PEM on one line", oneLine],
  ["PEM with literal \\n", escaped],
  ["PEM with line ends of Windows", pem.replaceAll("\n", "\r\n")],
  ["PEM in quotation marks", JSON.stringify(pem)],
  ["PEM in a Buffer, in UTF-16", Buffer.from(`\ufeff${pem}`, "utf16le")],
  ["PEM with spaces in front", `  \n${pem}`],
  ["PEM in lower case", pem.replace("BEGIN PUBLIC KEY", "begin public key")],
  ["PEM of PKCS #1", rsa.publicKey.export({ format: "pem", type: "pkcs1" }) as string],
  ["PEM of P-256", ec.publicKey.export({ format: "pem", type: "spki" }) as string],
  ["PEM of a private key", rsa.privateKey.export({ format: "pem", type: "pkcs8" }) as string],
  ["the head of a certificate", `-----BEGIN CERTIFICATE-----${certificate}`],
  ["PEM in base64", Buffer.from(pem).toString("base64")],
  ["PEM in base64, twice", Buffer.from(Buffer.from(pem).toString("base64")).toString("base64")],
  ["DER, SPKI", spki],
  ["DER, PKCS #1", rsa.publicKey.export({ format: "der", type: "pkcs1" })],
  ["DER, SPKI of P-256", ec.publicKey.export({ format: "der", type: "spki" })],
  ["DER, SPKI of Ed25519", edwards.publicKey.export({ format: "der", type: "spki" })],
  ["DER of a private key, PKCS #8", rsa.privateKey.export({ format: "der", type: "pkcs8" })],
  ["DER of a private key, SEC 1", ec.privateKey.export({ format: "der", type: "sec1" })],
  ["DER in base64", spki.toString("base64")],
  ["DER in base64 without padding", spki.toString("base64").replace(/=+$/, "")],
  ["DER in base64url", spki.toString("base64url")],
  ["DER in base64, in lines", pem.split("\n").slice(1, -2).join("\n")],
  ["DER in base64, in lines with literal \\n", pem.split("\n").slice(1, -2).join("\\n")],
  ["DER in base64, in a Buffer", Buffer.from(spki.toString("base64"))],
  ["DER in hex", spki.toString("hex")],
  ["DER in hex, in capitals", spki.toString("hex").toUpperCase()],
  ["DER in hex with colons", spki.toString("hex").replaceAll(/(..)(?=.)/g, "$1:")],
  ["JWK", JSON.stringify(jwk)],
  ["JWK, indented", JSON.stringify(jwk, null, 2)],
  ["JWK in a Buffer", Buffer.from(JSON.stringify(jwk))],
  ["JWK in base64", Buffer.from(JSON.stringify(jwk)).toString("base64")],
  ["JWK, symmetric", JSON.stringify({ kty: "oct", k: "A".repeat(43) })],
  ["JWK with a comma too many", `{"kty":"RSA","n":"${jwk.n}","e":"AQAB",}`],
  ["JWKS", JSON.stringify({ keys: [jwk] })],
  ["JWKS of names alone", JSON.stringify({ keys: ["a key that is long enough for HS256"] })],
  ["a list of JWKs", JSON.stringify([jwk])],
  ["JSON around a key", JSON.stringify({ realm: "a", public_key: spki.toString("base64") })],
  ...[spki, ec.publicKey.export({ format: "der", type: "spki" })].flatMap(
    (der): [string, string][] => [
      [`DER of ${der.length} bytes, read as ASCII`, der.toString("ascii")],
      [`DER of ${der.length} bytes, read as UTF-16`, der.toString("utf16le")],
      [
        `DER of ${der.length} bytes, in hex with 0x`,
        [...der].map((b) => `0x${b.toString(16)}`).join(","),
      ],
      [`DER of ${der.length} bytes, in numbers with blanks`, [...der].join(" ")],
      [`DER of ${der.length} bytes, behind a name`, `JWT_PUBLIC_KEY=${der.toString("base64")}`],
      [
        `DER of ${der.length} bytes, in quoted base64 behind a name`,
        `export KEY="${der.toString("base64")}"`,
      ],
    ],
  ),
  ["PEM read as UTF-16", Buffer.from(pem).toString("utf16le")],
  ["PEM of P-256 without its first line", ecPem.slice(ecPem.indexOf("\n") + 1)],
  ["DER in base64, in lines joined by commas", String(pem.split("\n").slice(1, -2))],
  ["JWK without kty", JSON.stringify({ ...jwk, kty: undefined })],
  ["JWK of P-256 without kty", JSON.stringify({ ...ecJwk, kty: undefined })],
  ["OpenSSH", `ssh-ed25519 ${"AAAAC3NzaC1lZDI1NTE5".padEnd(68, "A")} me@issuer.test`],
];

/** A token that whoever knows the secret can make. */
function forge(secret: string | Uint8Array): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const payload = { iss: issuer, aud: audience, sub: "mallory", roles: ["ADMIN"], exp: 9e9 };
  const input = `${part({ alg: "HS256", typ: "JWT" })}.${part(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

describe("a public key passes as secret when it is a Buffer, DER, one-line PEM, JWK or JWKS text", () => {
  it.each(FORMS)(
    "no more: %s is refused, and the forged ADMIN token finds no verifier",
    async (_form, secret) => {
      const admit = async () =>
        (
          await createTokenVerifier({ issuer, audience, secret, anyTokenType: true }).verify(
            forge(secret),
          )
        ).payload;
      await expect(admit()).rejects.toBeInstanceOf(OptionsError);
      await expect(admit()).rejects.toThrow(
        "secret must be a string or Uint8Array of at least 32 bytes",
      );
    },
  );

  it("is a table of keys that can be read", () => {
    expect(createPublicKey(pem).equals(rsa.publicKey)).toBe(true);
    expect(FORMS.length).toBeGreaterThan(35);
  });
});

describe("a secret that only looks a little like a key", () => {
  it.each([
    ["base64", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="],
    ["hex", "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"],
    ["a sentence", "the keys: begin with care, and never end a public key here"],
    ["JSON", '{"secret":"correct horse battery staple, and more of it"}'],
    ["bytes", Buffer.from(Array.from({ length: 32 }, (_, at) => 0x30 + at))],
    ["a bracket in front", "[8b$kS!q0vN^3mZr7Lx@2pWf9TgYc4Hd"],
  ])("is accepted: %s", async (_name, secret) => {
    const { payload } = await createTokenVerifier({
      issuer,
      audience,
      secret,
      anyTokenType: true,
    }).verify(forge(secret));
    expect(payload).toMatchObject({ roles: ["ADMIN"] });
  });
});
