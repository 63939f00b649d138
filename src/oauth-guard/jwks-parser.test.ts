import { createRequire } from "node:module";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTestIssuer } from "../testing/index.js";
import { createTokenVerifier } from "./index.js";

type Load = (this: unknown, name: string, ...rest: unknown[]) => unknown;

const Module = createRequire(__filename)("node:module") as { _load: Load };
const issuer = createTestIssuer({ issuer: "https://issuer.test" });
const options = { issuer: issuer.issuer, audience: issuer.audience };

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Makes jwks-rsa unloadable, as version 4 is under Jest. */
function breakParser(): string[] {
  const asked: string[] = [];
  const load = Module._load;
  vi.spyOn(Module, "_load").mockImplementation(function (this: unknown, name, ...rest) {
    if (name !== "jwks-rsa") return load.call(this, name, ...rest);
    asked.push(name);
    throw new SyntaxError("Must use import to load ES Module");
  });
  return asked;
}

describe("jwks-rsa", () => {
  it("is not loaded for keys that are in memory", async () => {
    const asked = breakParser();
    await createTokenVerifier(issuer.options()).verify(issuer.mint());
    await createTokenVerifier({ ...options, jwks: issuer.jwks }).verify(issuer.mint());
    expect(asked).toEqual([]);
  });

  it("is loaded at the first fetch, and not before", async () => {
    const asked = breakParser();
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify(issuer.jwks)));
    const verifier = createTokenVerifier({ ...options, jwksUri: "https://issuer.test/keys" });
    expect(asked).toEqual([]);
    await verifier.verify(issuer.mint());
    expect(asked).toEqual(["jwks-rsa"]);
  });

  it.each(["RS256", "ES256", "EdDSA"] as const)(
    "is no condition for %s: fetching must work under Jest, with KeyObjects made by node:crypto",
    async (algorithm) => {
      breakParser();
      const own = createTestIssuer({ issuer: issuer.issuer, algorithm });
      const [key] = own.jwks.keys;
      const bad = [
        null,
        { ...key, kid: "broken", ...(algorithm === "RS256" ? { n: "AA" } : { x: "AA" }) },
        { ...key, kid: "private", d: "AA" },
        { ...key, kid: "encryption", use: "enc" },
      ];
      const jwks = { keys: [...bad, key] };
      vi.stubGlobal("fetch", async () => new Response(JSON.stringify(jwks)));
      const verifier = createTokenVerifier({ ...options, jwksUri: "https://issuer.test/keys" });
      await expect(verifier.verify(own.mint())).resolves.toMatchObject({ subject: "test-user" });
      const refused = ["broken", "private", "encryption"].map((kid) =>
        verifier.verify(own.mint({}, { header: { kid } })),
      );
      for (const outcome of refused) await expect(outcome).rejects.toMatchObject({ status: 401 });
      const forged = verifier.verify(own.mint({}, { forged: true }));
      await expect(forged).rejects.toMatchObject({ code: "invalid_token" });
    },
  );
});
