import { describe, expect, it } from "vitest";
import { OptionsError } from "../core/options/options-error.js";
import { createTestIssuer } from "../testing/index.js";
import { createTokenVerifier, type KeyFetch, type KeyFetchOptions } from "./index.js";

const issuer = createTestIssuer({ issuer: "https://idp.example.com" });
const jwksUri = "https://idp.example.com/keys";

function text(value: unknown): string {
  return JSON.stringify(value);
}

/** "accepted", or why not. */
async function judge(keys: KeyFetchOptions, more: object = { jwksUri }): Promise<string> {
  const { verify } = createTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    keys,
    ...more,
  });
  return verify(issuer.mint()).then(
    () => "accepted",
    (error) => `${error.status} ${error.cause?.reason}`,
  );
}

async function* stream(...chunks: readonly unknown[]): AsyncGenerator<unknown> {
  yield* chunks;
}

const never = new Promise<never>(() => undefined);

describe("keys.fetch", () => {
  it("fetches metadata and keys in place of the global fetch, with the same request", async () => {
    const asked: unknown[] = [];
    const fetch: KeyFetch = async (url, request) => {
      asked.push([url, request.method, request.redirect, request.headers, request.signal.aborted]);
      const metadata = { issuer: issuer.issuer, jwks_uri: jwksUri };
      return new Response(text(url === jwksUri ? issuer.jwks : metadata));
    };
    expect(await judge({ fetch }, {})).toBe("accepted");
    const headers = { Accept: "application/json, application/jwk-set+json" };
    expect(asked).toEqual([
      ["https://idp.example.com/.well-known/openid-configuration", "GET", "error", headers, false],
      [jwksUri, "GET", "error", headers, false],
    ]);
  });

  it.each<[string, () => unknown]>([
    ["bytes", () => stream(Buffer.from(text(issuer.jwks)))],
    ["strings", () => stream(...text(issuer.jwks))],
    ["a web stream", () => new Response(text(issuer.jwks)).body],
  ])("may answer with a body of %s", async (_name, body) => {
    expect(await judge({ fetch: async () => ({ status: 200, body: body() }) })).toBe("accepted");
  });

  const good = (): object => ({ status: 200, body: stream(text(issuer.jwks)) });
  const table: [name: string, outcome: string, fetch: (url: string) => unknown][] = [
    [
      "throws",
      "keys_unreachable",
      () => {
        throw new Error("no");
      },
    ],
    [
      "throws undefined",
      "keys_unreachable",
      () => {
        throw undefined;
      },
    ],
    ["rejects", "keys_unreachable", () => Promise.reject(new Error("no"))],
    ["returns nothing", "key_function_failed", () => undefined],
    ["returns a response without a promise", "key_function_failed", good],
    ["resolves with nothing", "key_function_failed", async () => undefined],
    ["resolves with the keys", "key_function_failed", async () => issuer.jwks],
    ["resolves with text", "key_function_failed", async () => text(issuer.jwks)],
    ["has a body of text", "key_function_failed", async () => ({ status: 200, body: "{}" })],
    [
      "has a stream of objects",
      "key_function_failed",
      async () => ({ ...good(), body: stream({}) }),
    ],
    ["has no body", "keys_bad_answer", async () => ({ status: 200, body: null })],
    ["has another status", "keys_bad_answer", async () => ({ ...good(), status: 304 })],
    ["followed a redirect", "keys_unreachable", async () => ({ ...good(), redirected: true })],
    [
      "answers from elsewhere",
      "keys_unreachable",
      async () => ({ ...good(), url: "https://x.test/" }),
    ],
    ["has a url that is none", "keys_unreachable", async () => ({ ...good(), url: "x" })],
    ["never answers", "keys_timeout", () => never],
    [
      "stops in the body, and cannot be stopped",
      "keys_timeout",
      async () => ({
        status: 200,
        body: {
          [Symbol.asyncIterator]: () => ({ next: () => never, return: () => never }),
        },
      }),
    ],
    [
      "has a body without end",
      "keys_too_large",
      async () => ({
        status: 200,
        body: (async function* () {
          for (;;) yield " ".repeat(10_000);
        })(),
      }),
    ],
    [
      "has a status that throws",
      "keys_unreachable",
      async () =>
        Object.defineProperty({}, "status", {
          get() {
            throw new Error("no");
          },
        }),
    ],
  ];

  it.each(table)("is an outage when it %s", async (_name, reason, fetch) => {
    const keys = { fetch: fetch as KeyFetch, timeout: "150ms" };
    expect(await judge(keys)).toBe(`503 ${reason}`);
  });

  it.each([[undefined], [null], ["https://proxy"], [{}]])("must be a function, not %j", (fetch) => {
    const create = () => judge({ fetch: fetch as never });
    return expect(create()).rejects.toBeInstanceOf(OptionsError);
  });
});

describe("keys.dangerouslyAllowHttp: hosts that an entry names, http inside a container network", () => {
  const inside = "http://keycloak:8080/realms/Shop";
  const keys = (fetched: string[] = []): KeyFetchOptions => ({
    dangerouslyAllowHttp: ["keycloak:8080"],
    fetch: async (url) => {
      fetched.push(url);
      const name = url.startsWith(inside) ? inside : issuer.issuer;
      const metadata = { issuer: name, jwks_uri: `${inside}/certs` };
      return new Response(text(url.endsWith("/certs") ? issuer.jwks : metadata));
    },
  });
  const configuration = "/.well-known/openid-configuration";

  it("lets keys be fetched from them, named in the options or in metadata", async () => {
    const fetched: string[] = [];
    expect(await judge(keys(fetched), { jwksUri: `${inside}/certs` })).toBe("accepted");
    expect(await judge(keys(fetched), {})).toBe("accepted");
    const own = createTestIssuer({ issuer: inside });
    const { verify } = createTokenVerifier({
      issuer: inside,
      audience: own.audience,
      keys: {
        ...keys(),
        fetch: async (url) =>
          new Response(
            text(
              url.endsWith("/certs") ? own.jwks : { issuer: inside, jwks_uri: `${inside}/certs` },
            ),
          ),
      },
    });
    await expect(verify(own.mint())).resolves.toMatchObject({ issuer: inside });
    expect(fetched).toEqual([
      `${inside}/certs`,
      `${issuer.issuer}${configuration}`,
      `${inside}/certs`,
    ]);
  });

  it.each([
    "http://keycloak/certs",
    "http://keycloak:8081/certs",
    "http://keycloak.evil.test:8080/certs",
    "http://user:pass@keycloak:8080/certs",
    "ftp://keycloak:8080/certs",
  ])("says nothing about other hosts: %s", async (url) => {
    await expect(judge(keys(), { jwksUri: url })).rejects.toBeInstanceOf(OptionsError);
    const metadata = { issuer: issuer.issuer, jwks_uri: url };
    const fetch: KeyFetch = async () => new Response(text(metadata));
    expect(await judge({ ...keys(), fetch }, {})).toBe("503 keys_bad_answer");
  });

  it.each([
    ["http://keycloak:8080", "must be the host alone, in lower case"],
    ["Keycloak:8080", "must be the host alone, in lower case"],
    ["keycloak:80", "with its port unless that is 80"],
    ["keycloak:8080/realms", "must be a host with its port"],
    ["*", "must be a host with its port"],
    ["*.internal", "must be a host with its port"],
    ["https://keycloak", "must be a host with its port"],
    ["a@keycloak:8080", "must be a host with its port"],
    ["keycloak:99999", "must be a host with its port"],
    [" keycloak", "must be a host with its port"],
  ])("refuses %j with the fix", async (entry, fix) => {
    await expect(judge({ dangerouslyAllowHttp: entry })).rejects.toThrow(fix);
  });

  it.each([[undefined], [[]], [""], [true]])("refuses %j", async (value) => {
    const create = () => judge({ dangerouslyAllowHttp: value as never });
    await expect(create()).rejects.toBeInstanceOf(OptionsError);
  });
});
