import { createHmac, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { OptionsError } from "../core/options/options-error.js";
import { createTestIssuer } from "../testing/index.js";
import { createTokenVerifier, oauthGuard } from "./index.js";

const audience = "https://api.test/";
const secret = "correct horse battery staple, and more of it";
const { publicKey } = generateKeyPairSync("ed25519");

function problemsOf(options: object): readonly string[] {
  try {
    oauthGuard({ issuer: "https://idp.example.com", audience, ...options } as never);
  } catch (error) {
    return (error as OptionsError).problems;
  }
  return [];
}

describe("issuer with a line end, blank, no `//`, or upper case in scheme or host", () => {
  it.each([
    ["https://idp.example.com\n", 'write "https://idp.example.com"'],
    ["https://idp.example.com/\r\n", 'write "https://idp.example.com/"'],
    [" https://idp.example.com", 'write "https://idp.example.com"'],
    ["https://idp.example.com ", 'write "https://idp.example.com"'],
    ["https://idp.exa\nmple.com", 'write "https://idp.example.com"'],
    ["\ufeffhttps://idp.example.com", 'write "https://idp.example.com"'],
    ["https://idp.example.com/realms/My Realm", "without white space"],
    [" ", "without white space"],
    ["https:idp.example.com", 'write "https://idp.example.com"'],
    ["https:/idp.example.com/a", 'write "https://idp.example.com/a"'],
    ["https:///idp.example.com", 'write "https://idp.example.com"'],
    ["https:\\\\idp.example.com\\a", 'write "https://idp.example.com/a"'],
    ["idp.example.com", 'write "https://idp.example.com"'],
    ["idp.example.com/realms/Main", 'write "https://idp.example.com/realms/Main"'],
    ["idp.example.com:8443/realms/Main", 'write "https://idp.example.com:8443/realms/Main"'],
    ["localhost:8080/realms/Main", 'write "http://localhost:8080/realms/Main"'],
    ["HTTPS://idp.example.com", 'write "https://idp.example.com"'],
    ["https://IdP.Example.com/Realms/Main", 'write "https://idp.example.com/Realms/Main"'],
    ["HTTP://LOCALHOST:8080/Main", 'write "http://localhost:8080/Main"'],
    ["https://idp.b\u00fccher.example", 'write "https://idp.xn--bcher-kva.example"'],
    ["https://idp%2eexample.com", 'write "https://idp.example.com"'],
    ["http://127.1:8080", "in lower case and their usual form"],
  ])("is an OptionsError with the right spelling: %j", (issuer, fix) => {
    const problems = problemsOf({ issuer });
    expect(problems).toEqual([expect.stringMatching(/^oauthGuard\.issuer must be /)]);
    expect(problems[0]).toContain(fix);
  });

  it.each([
    "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI",
    "https://idp.example.com/realms/My-Realm",
    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
    "https://idp.example.com/realms/common",
    "https://idp.example.com/common/",
    "https://idp.example.com:443/",
    "https://idp.example.com:8443",
    "https://192.0.2.1",
    "https://[2001:db8::1]:8443/a",
    "https://securetoken.google.com/project-1",
  ])("leaves the path as written: %s", (issuer) => {
    expect(problemsOf({ issuer })).toEqual([]);
  });

  it("prints nothing that may be a secret in the wrong place", () => {
    for (const text of [
      "https://user:pa55w0rd@idp.example.com ",
      "https:idp.example.com?token=pa55w0rd",
      "pa55w0rd-pa55w0rd",
      `${"pa55w0rd".repeat(30)}.example.com`,
    ]) {
      expect(problemsOf({ issuer: text }).join()).not.toContain("pa55w0rd");
    }
  });
});

describe("`{tenantid}` and `/common/` placeholders", () => {
  it.each([
    "https://login.microsoftonline.com/{tenantid}/v2.0",
    "https://login.microsoftonline.com/%7Btenantid%7D/v2.0",
    "https://sts.windows.net/{tenantid}/",
    "https://<tenant>.eu.auth0.com/",
    "https://idp.example.com/realms/<realm>",
    "https://login.microsoftonline.com/common/v2.0",
    "https://login.microsoftonline.com/common",
    "https://login.microsoftonline.com/organizations/v2.0",
    "https://login.microsoftonline.us/consumers/v2.0",
    "https://sts.windows.net/common/",
  ])("are start-up errors with the fix: %s", (issuer) => {
    expect(problemsOf({ issuer })).toEqual([
      expect.stringMatching(/^oauthGuard\.issuer must be .*: write the id of your tenant in/),
    ]);
    expect(problemsOf({ issuer, secret, anyTokenType: true })).toHaveLength(1);
  });

  it("are refused in URLs of metadata and keys too, but the keys of all tenants are in one place", () => {
    const entra = "https://login.microsoftonline.com";
    const issuer = `${entra}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`;
    const discovery = `${entra}/common/v2.0/.well-known/openid-configuration`;
    expect(problemsOf({ issuer, discovery })[0]).toContain("write the id of your tenant");
    const jwksUri = `${entra}/{tenantid}/discovery/v2.0/keys`;
    expect(problemsOf({ issuer, jwksUri })[0]).toContain("write the id of your tenant");
    expect(problemsOf({ issuer, jwksUri: `${entra}/common/discovery/v2.0/keys` })).toEqual([]);
  });
});

describe("static keys with any StringOrURI issuer", () => {
  function mint(issuer: string | undefined): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const payload = { iss: issuer, aud: audience, sub: "a", exp: 9e9 };
    const input = `${part({ alg: "HS256" })}.${part(payload)}`;
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  }

  it.each([
    "legacy-app",
    "Legacy.App",
    "urn:example:issuer",
    "idp.example.com",
    "http://idp.example.com",
    "HTTPS://IDP.example.com/?a=b#c",
    "mailto:keys@example.com",
  ])("accepts %s, and compares it byte for byte", async (issuer) => {
    const { verify } = createTokenVerifier({ issuer, audience, secret, anyTokenType: true });
    await expect(verify(mint(issuer))).resolves.toMatchObject({ issuer });
    for (const other of [`${issuer}/`, issuer.toLowerCase(), issuer.toUpperCase(), undefined]) {
      if (other === issuer) continue;
      await expect(verify(mint(other))).rejects.toMatchObject({ code: "invalid_token" });
    }
    expect(problemsOf({ issuer, publicKey })).toEqual([]);
    expect(problemsOf({ issuer, jwks: createTestIssuer().jwks })).toEqual([]);
  });

  it.each(["a b", "legacy-app\n", "not a uri: at all", "urn:<x>"])("refuses %j", (issuer) => {
    expect(problemsOf({ issuer, secret, anyTokenType: true })).toHaveLength(1);
  });

  it("`issuer: null` spells out that tokens carry none", async () => {
    const { verify } = createTokenVerifier({ issuer: null, audience, secret, anyTokenType: true });
    const auth = await verify(mint(undefined));
    expect([auth.issuer, auth.subject]).toEqual([undefined, "a"]);
    for (const other of ["legacy-app", "null", "undefined"]) {
      await expect(verify(mint(other))).rejects.toMatchObject({ code: "invalid_token" });
    }
  });

  it("demands keys that are given for `issuer: null`, and a profile without iss", () => {
    expect(problemsOf({ issuer: null })).toEqual([
      expect.stringContaining(
        "oauthGuard.issuer must not be null without secret, publicKey or jwks",
      ),
    ]);
    expect(problemsOf({ issuer: null, jwksUri: "https://idp.example.com/keys" })).toHaveLength(1);
    expect(
      problemsOf({ issuer: null, secret, anyTokenType: true, profile: "rfc9068" }),
    ).toHaveLength(1);
    expect(problemsOf({ issuer: undefined, secret, anyTokenType: true })).toHaveLength(1);
    const entries = [
      { issuer: null, secret, anyTokenType: true },
      { issuer: null, publicKey },
    ];
    expect(problemsOf({ issuer: entries })).toEqual([
      expect.stringContaining("oauthGuard.issuer[1].issuer must not repeat"),
    ]);
  });
});

describe("names in aud and of clients", () => {
  it.each([
    [" ", "no white space at its ends"],
    ["https://api.test/\n", "no white space at its ends"],
    [" https://api.test/", "no white space at its ends"],
    ["a\nb", "no line ends"],
    ["a,b", 'must be one name: write several as a list, ["a", "b"]'],
    ["https://a.test, https://b.test", "write several as a list"],
  ])("refuses %j with the fix", (name, fix) => {
    expect(problemsOf({ audience: name })).toEqual([expect.stringContaining(fix)]);
    expect(problemsOf({ audience: ["other", name] })).toEqual([expect.stringContaining(fix)]);
    expect(problemsOf({ clientIds: name })).toEqual([expect.stringContaining(fix)]);
  });

  it("accepts a blank in the middle", () => {
    expect(problemsOf({ audience: "my api" })).toEqual([]);
  });
});

describe("two sources of keys", () => {
  it.each([
    { jwksUri: "https://idp.example.com/keys", secret },
    { discovery: "https://idp.example.com/metadata", secret },
    { publicKey, secret },
    { jwks: createTestIssuer().jwks, publicKey },
  ])("are one problem, and no second, false one: %#", (sources) => {
    expect(problemsOf(sources)).toEqual([
      expect.stringContaining("an issuer has one source of keys"),
    ]);
  });
});
