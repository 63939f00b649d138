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

  it("is loaded at the first fetch; if that fails it is an outage with its cause", async () => {
    const asked = breakParser();
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify(issuer.jwks)));
    const verifier = createTokenVerifier({ ...options, jwksUri: "https://issuer.test/keys" });
    expect(asked).toEqual([]);
    await expect(verifier.verify(issuer.mint())).rejects.toMatchObject({
      status: 503,
      code: "keys_unavailable",
      cause: { reason: "key_parser_unavailable", cause: { name: "SyntaxError" } },
    });
    expect(asked).toEqual(["jwks-rsa"]);
  });
});
