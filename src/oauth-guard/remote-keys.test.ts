import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { createTestIssuer, type TestIssuer } from "../testing/index.js";
import { createTokenVerifier, type KeyFetchOptions, oauthGuard } from "./index.js";

type Behaviour = (req: IncomingMessage, res: ServerResponse) => void;

const DISCOVERY = "/.well-known/openid-configuration";

let server: Server;
let url: string;
let issuer: TestIssuer;
let requests: string[];
/** What the server does at a path, in place of the good answer. */
let behaviour: Record<string, Behaviour | undefined>;

beforeEach(async () => {
  requests = [];
  behaviour = {};
  server = createServer((req, res) => {
    requests.push(req.url ?? "");
    (behaviour[req.url ?? ""] ?? answerWell)(req, res);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  issuer = createTestIssuer({ issuer: url });
});

afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

function answerWell(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === DISCOVERY) json(res, { issuer: url, jwks_uri: `${url}/keys` });
  else if (req.url === "/keys") json(res, issuer.jwks);
  else res.writeHead(404).end();
}

function json(res: ServerResponse, value: unknown): void {
  res.setHeader("Content-Type", "application/json");
  res.end(JSON.stringify(value));
}

function fetchesOf(path: string): number {
  return requests.filter((requested) => requested === path).length;
}

function verifier(keys: KeyFetchOptions = {}, more: object = {}) {
  const { verify, ready, close } = createTokenVerifier({
    issuer: url,
    audience: issuer.audience,
    keys,
    ...more,
  });
  /** "accepted", or the code of the refusal, and for an outage its reason too. */
  const judge = (token: string): Promise<string> =>
    verify(token).then(() => "accepted", describeRefusal);
  return { judge, ready: () => ready().then(() => "ready", describeRefusal), close };
}

function describeRefusal(error: {
  code: string;
  status: number;
  cause?: { reason?: string };
}): string {
  return error.status === 503 ? `${error.code}: ${error.cause?.reason}` : error.code;
}

/** What is known within some turns of the event loop, which is far sooner than the deadline of a fetch. */
async function soon(verdict: Promise<string>): Promise<string> {
  let found = "unknown yet";
  void verdict.then((value) => {
    found = value;
  });
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  return found;
}

/** Lets real I/O go on while `performance` and `Date` stand still until they are moved. */
function holdClock(): (milliseconds: number) => void {
  vi.useFakeTimers({ toFake: ["performance", "Date"] });
  return (milliseconds) => void vi.advanceTimersByTime(milliseconds);
}

describe("keys from a remote issuer", () => {
  it("are fetched at the first token, once for a hundred at the same time", async () => {
    const { judge } = verifier();
    expect(requests).toEqual([]);
    const tokens = Array.from({ length: 100 }, () => issuer.mint());
    expect(new Set(await Promise.all(tokens.map(judge)))).toEqual(new Set(["accepted"]));
    expect(requests).toEqual([DISCOVERY, "/keys"]);
  });

  it("come from jwksUri without metadata", async () => {
    const { judge } = verifier({}, { jwksUri: `${url}/keys` });
    expect(await judge(issuer.mint())).toBe("accepted");
    expect(requests).toEqual(["/keys"]);
  });

  it.each(["RS256", "PS512", "ES384", "ES512", "EdDSA", "Ed25519"] as const)(
    "verify %s",
    async (algorithm) => {
      issuer = createTestIssuer({ issuer: url, algorithm });
      const { judge } = verifier();
      expect(await judge(issuer.mint())).toBe("accepted");
      expect(await judge(issuer.mint({}, { forged: true }))).toBe("invalid_token");
    },
  );

  it("are not fetched for a token of another issuer or of another algorithm, nor from where it points", async () => {
    const { judge } = verifier();
    await judge(issuer.mint({ iss: `${url}/other` }));
    await judge(issuer.mint({}, { header: { alg: "none" } }));
    await judge("garbage");
    expect(requests).toEqual([]);
    await judge(issuer.mint({}, { header: { jku: `${url}/evil`, x5u: `${url}/evil` } }));
    expect(requests).toEqual([DISCOVERY, "/keys"]);
  });

  it("are fetched outside of the async context of the request", async () => {
    const storage = new AsyncLocalStorage<string>();
    const contexts: unknown[] = [];
    const { fetch } = globalThis;
    vi.stubGlobal("fetch", (...parameters: Parameters<typeof fetch>) => {
      contexts.push(storage.getStore());
      return fetch(...parameters);
    });
    const { judge } = verifier();
    expect(await storage.run("request", () => judge(issuer.mint()))).toBe("accepted");
    vi.unstubAllGlobals();
    expect(contexts).toEqual([undefined, undefined]);
  });
});

describe("an app that replaces the global Promise", () => {
  it("still waits for keys", async () => {
    const { judge } = verifier();
    // The test runner needs the real one back before anything else runs.
    vi.stubGlobal("Promise", class Replacement extends Promise<unknown> {});
    const outcome = judge(issuer.mint());
    vi.unstubAllGlobals();
    expect(await outcome).toBe("accepted");
  });
});

describe("discovery", () => {
  it("falls back to the place that RFC 8414 names, with the path of the issuer", async () => {
    const tenant = `${url}/tenant`;
    issuer = createTestIssuer({ issuer: tenant });
    behaviour["/.well-known/oauth-authorization-server/tenant"] = (_req, res) =>
      json(res, { issuer: tenant, jwks_uri: `${url}/keys` });
    const { judge } = verifier({}, { issuer: tenant });
    expect(await judge(issuer.mint())).toBe("accepted");
    expect(requests).toEqual([
      "/tenant/.well-known/openid-configuration",
      "/.well-known/oauth-authorization-server/tenant",
      "/keys",
    ]);
  });

  it("reads metadata from a place of the app's choice, under the same rules", async () => {
    behaviour["/metadata"] = (_req, res) => json(res, { issuer: url, jwks_uri: `${url}/keys` });
    const options = { discovery: `${url}/metadata` };
    expect(await verifier({}, options).judge(issuer.mint())).toBe("accepted");
    behaviour["/metadata"] = (_req, res) =>
      json(res, { issuer: `${url}/`, jwks_uri: `${url}/keys` });
    expect(await verifier({}, options).judge(issuer.mint())).toBe(
      "keys_unavailable: metadata_mismatch",
    );
  });

  it.each([
    [
      "an issuer with a slash more",
      () => ({ issuer: `${url}/`, jwks_uri: `${url}/keys` }),
      "metadata_mismatch",
    ],
    [
      "an issuer in capitals",
      () => ({ issuer: url.toUpperCase(), jwks_uri: `${url}/keys` }),
      "metadata_mismatch",
    ],
    ["no issuer", () => ({ jwks_uri: `${url}/keys` }), "metadata_mismatch"],
    ["no jwks_uri", () => ({ issuer: url }), "keys_bad_answer"],
    [
      "a jwks_uri that is http: elsewhere",
      () => ({ issuer: url, jwks_uri: "http://10.0.0.1/keys" }),
      "keys_bad_answer",
    ],
    [
      "a jwks_uri that is a file",
      () => ({ issuer: url, jwks_uri: "file:///etc/passwd" }),
      "keys_bad_answer",
    ],
    [
      "a jwks_uri with a password",
      () => ({ issuer: url, jwks_uri: "https://u:p@127.0.0.1/" }),
      "keys_bad_answer",
    ],
  ])("does not use metadata with %s", async (_name, metadata, reason) => {
    behaviour[DISCOVERY] = (_req, res) => json(res, metadata());
    expect(await verifier().judge(issuer.mint())).toBe(`keys_unavailable: ${reason}`);
    expect(fetchesOf("/keys")).toBe(0);
  });
});

describe("the metadata of a distant issuer", () => {
  it("cannot send us to a service on this machine", async () => {
    const distant = "https://issuer.test";
    const fetched: unknown[] = [];
    vi.stubGlobal("fetch", async (place: string) => {
      fetched.push(place);
      return new Response(JSON.stringify({ issuer: distant, jwks_uri: `${url}/keys` }));
    });
    const { judge } = verifier({}, { issuer: distant });
    const outcome = await judge(issuer.mint({ iss: distant }));
    vi.unstubAllGlobals();
    expect(outcome).toBe("keys_unavailable: keys_bad_answer");
    expect(fetched).toEqual([`${distant}${DISCOVERY}`]);
  });
});

describe("an issuer that misbehaves", () => {
  const drip: Behaviour = (_req, res) => {
    res.write('{"keys":[');
    const timer = setInterval(() => res.write(" "), 20);
    res.on("close", () => clearInterval(timer));
  };
  const table: [name: string, reason: string, behave: Behaviour][] = [
    ["never answers", "keys_timeout", () => undefined],
    ["stops after the headers", "keys_timeout", (_req, res) => res.flushHeaders()],
    ["stops in the middle of the body", "keys_timeout", (_req, res) => void res.write('{"keys":[')],
    ["sends one byte at a time for ever", "keys_timeout", drip],
    ["resets the connection", "keys_unreachable", (req) => void req.socket.resetAndDestroy()],
    [
      "resets the connection in the body",
      "keys_unreachable",
      (_req, res) => {
        res.write('{"keys":[', () => res.destroy());
      },
    ],
    [
      "redirects",
      "keys_unreachable",
      (_req, res) => void res.writeHead(302, { Location: `${url}/moved` }).end(),
    ],
    ["answers 500", "keys_bad_answer", (_req, res) => void res.writeHead(500).end("{}")],
    [
      "answers 203",
      "keys_bad_answer",
      (_req, res) => void res.writeHead(203).end(JSON.stringify(issuer.jwks)),
    ],
    ["answers 204", "keys_bad_answer", (_req, res) => void res.writeHead(204).end()],
    ["sends a web page", "keys_bad_answer", (_req, res) => void res.end("<html>")],
    [
      "sends invalid UTF-8",
      "keys_bad_answer",
      (_req, res) => void res.end(Buffer.from([0x7b, 0xff, 0x7d])),
    ],
    ["sends a list", "keys_bad_answer", (_req, res) => json(res, [issuer.jwks])],
    ["sends no keys", "keys_bad_answer", (_req, res) => json(res, {})],
    ["sends keys that are no list", "keys_bad_answer", (_req, res) => json(res, { keys: {} })],
    [
      "sends 101 keys",
      "keys_bad_answer",
      (_req, res) => json(res, { keys: Array(101).fill(issuer.jwks.keys[0]) }),
    ],
    ["sends an empty set", "no_usable_keys", (_req, res) => json(res, { keys: [] })],
    [
      "sends things that are no keys",
      "no_usable_keys",
      (_req, res) => json(res, { keys: [null, 1, "x", [], {}] }),
    ],
    [
      "sends a broken key",
      "no_usable_keys",
      (_req, res) => json(res, { keys: [{ ...issuer.jwks.keys[0], x: "AA" }] }),
    ],
    [
      "sends a private key",
      "no_usable_keys",
      (_req, res) => json(res, { keys: [{ ...issuer.jwks.keys[0], d: "AA" }] }),
    ],
    [
      "sends an encryption key",
      "no_usable_keys",
      (_req, res) => json(res, { keys: [{ ...issuer.jwks.keys[0], use: "enc" }] }),
    ],
    [
      "sends a key for signing only",
      "no_usable_keys",
      (_req, res) => json(res, { keys: [{ ...issuer.jwks.keys[0], key_ops: ["sign"] }] }),
    ],
    [
      "sends a key for another algorithm",
      "no_usable_keys",
      (_req, res) => json(res, { keys: [{ ...issuer.jwks.keys[0], alg: "ECDH-ES" }] }),
    ],
    [
      "sends a symmetric key",
      "no_usable_keys",
      (_req, res) => json(res, { keys: [{ kty: "oct", k: "AAAA", alg: "HS256" }] }),
    ],
    [
      "sends two keys of one name",
      "no_usable_keys",
      (_req, res) => {
        const other = { ...createTestIssuer().jwks.keys[0], kid: issuer.jwks.keys[0]?.["kid"] };
        json(res, { keys: [issuer.jwks.keys[0], other] });
      },
    ],
    [
      "sends two megabytes",
      "keys_too_large",
      (_req, res) => void res.end(" ".repeat(2 * 1024 ** 2)),
    ],
    [
      "sends without end",
      "keys_too_large",
      (_req, res) => {
        const more = (): void => {
          while (!res.destroyed && res.write(" ".repeat(65_536)));
        };
        res.on("drain", more);
        more();
      },
    ],
  ];

  it.each(table)("gives 503 when it %s", async (_name, reason, behave) => {
    behaviour["/keys"] = behave;
    const keys = reason === "keys_timeout" ? { timeout: "300ms" } : {};
    expect(await verifier(keys).judge(issuer.mint())).toBe(`keys_unavailable: ${reason}`);
    expect(requests).not.toContain("/moved");
  });

  it("gives 503 when its metadata hang, in one deadline for both", async () => {
    behaviour[DISCOVERY] = () => undefined;
    expect(await verifier({ timeout: "300ms" }).judge(issuer.mint())).toBe(
      "keys_unavailable: keys_timeout",
    );
    expect(fetchesOf("/keys")).toBe(0);
  });

  it("gives 503 when nobody listens", async () => {
    const { judge } = verifier();
    server.close();
    await once(server, "close");
    expect(await judge(issuer.mint())).toBe("keys_unavailable: keys_unreachable");
  });

  it("uses the good keys of a set and leaves out the bad ones", async () => {
    const [key] = issuer.jwks.keys;
    const bad = [
      { ...key, kid: "a", use: "enc" },
      { ...key, kid: "b", d: "AA" },
      { kty: "oct", k: "AA" },
      null,
    ];
    behaviour["/keys"] = (_req, res) => json(res, { keys: [...bad, key] });
    const { judge } = verifier();
    expect(await judge(issuer.mint())).toBe("accepted");
    expect(await judge(issuer.mint({}, { header: { kid: "a" } }))).toBe("invalid_token");
    expect(await judge(issuer.mint({}, { header: { kid: "b" } }))).toBe("invalid_token");
  });

  it("is asked again after a pause that grows, not by every request", async () => {
    const pass = holdClock();
    behaviour["/keys"] = (_req, res) => void res.writeHead(500).end();
    const { judge } = verifier();
    for (let turn = 0; turn < 20; turn += 1) await judge(issuer.mint());
    expect(fetchesOf("/keys")).toBe(1);
    pass(1000);
    for (let turn = 0; turn < 20; turn += 1) await judge(issuer.mint());
    expect(fetchesOf("/keys")).toBe(2);
    pass(1000);
    await judge(issuer.mint());
    expect(fetchesOf("/keys")).toBe(2);
    pass(1000);
    behaviour["/keys"] = undefined;
    expect(await judge(issuer.mint())).toBe("accepted");
    expect(fetchesOf("/keys")).toBe(3);
  });
});

describe("made-up kids", () => {
  it("cause one fetch per cooldown, whatever their number", async () => {
    const pass = holdClock();
    const { judge } = verifier({ cooldown: "30s" });
    await judge(issuer.mint());
    const flood = () =>
      Promise.all(
        Array.from({ length: 100 }, (_, kid) =>
          judge(issuer.mint({}, { header: { kid: `k${kid}` } })),
        ),
      );
    expect(new Set(await flood())).toEqual(new Set(["invalid_token"]));
    expect(fetchesOf("/keys")).toBe(1);
    pass(30_000);
    expect(new Set(await flood())).toEqual(new Set(["invalid_token"]));
    await flood();
    expect(fetchesOf("/keys")).toBe(2);
    expect(await judge(issuer.mint())).toBe("accepted");
  });

  it("do not keep good tokens out while the issuer hangs", async () => {
    const pass = holdClock();
    const { judge } = verifier({ timeout: "2s" });
    await judge(issuer.mint());
    behaviour["/keys"] = () => undefined;
    pass(30_000);
    const pending = judge(issuer.mint({}, { header: { kid: "unknown" } }));
    const goodTokens = await Promise.all([judge(issuer.mint()), judge(issuer.mint())]);
    expect(goodTokens).toEqual(["accepted", "accepted"]);
    // Whether it is unknown cannot be told: an outage of ours, not the client's fault.
    expect(await pending).toBe("keys_unavailable: keys_timeout");
    expect(await judge(issuer.mint({}, { header: { kid: "x" } }))).toBe(
      "keys_unavailable: keys_timeout",
    );
  });
});

describe("rotation", () => {
  it("is noticed at the first token with the new key, once the cooldown is over", async () => {
    const pass = holdClock();
    const { judge } = verifier();
    const before = issuer.mint();
    expect(await judge(before)).toBe("accepted");
    issuer.rotate();
    expect(await judge(issuer.mint())).toBe("invalid_token");
    pass(30_000);
    expect(await judge(issuer.mint())).toBe("accepted");
    expect(await judge(before)).toBe("invalid_token");
  });

  it("ends a withdrawn key after maxAge, also for tokens in the cache", async () => {
    const pass = holdClock();
    const { judge } = verifier({ maxAge: "1m" });
    const before = issuer.mint();
    await judge(before);
    issuer.rotate();
    pass(60_001);
    expect(await judge(before)).toBe("invalid_token");
    expect(fetchesOf("/keys")).toBe(2);
  });

  it("ends a withdrawn key after maxAge, also after an outage that is over", async () => {
    const pass = holdClock();
    const { judge } = verifier({ maxAge: "1m" });
    const token = issuer.mint({ exp: 9e9 });
    await judge(token);
    behaviour["/keys"] = (_req, res) => void res.writeHead(500).end();
    pass(60_001);
    expect(await judge(token)).toBe("accepted");
    behaviour["/keys"] = undefined;
    issuer.rotate();
    pass(600_000);
    expect(await judge(token)).toBe("invalid_token");
  });

  it("makes all requests past maxAge wait for one fetch", async () => {
    const pass = holdClock();
    const { judge } = verifier({ maxAge: "1m" });
    const before = Array.from({ length: 50 }, () => issuer.mint());
    await Promise.all(before.slice(25).map(judge));
    issuer.rotate();
    pass(60_001);
    expect(new Set(await Promise.all(before.map(judge)))).toEqual(new Set(["invalid_token"]));
    expect(fetchesOf("/keys")).toBe(2);
  });

  it("makes nobody wait on a busy server: keys are fetched shortly before maxAge", async () => {
    const pass = holdClock();
    const { verify } = createTokenVerifier({
      issuer: url,
      audience: issuer.audience,
      keys: { maxAge: "1m" },
    });
    const token = issuer.mint({ exp: 9e9 });
    await verify(token);
    let held: (() => void) | undefined;
    behaviour["/keys"] = (req, res) => {
      held = () => answerWell(req, res);
    };
    pass(50_000);
    await verify(token);
    await vi.waitFor(() => expect(held).toBeDefined());
    pass(9000);
    // Answered although the fetch hangs.
    await verify(token);
    await verify(issuer.mint());
    held?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    pass(2000);
    await verify(token);
    expect(fetchesOf("/keys")).toBe(2);
  });

  it("keeps cached tokens when a refresh brings the same key", async () => {
    const pass = holdClock();
    const { verify } = createTokenVerifier({
      issuer: url,
      audience: issuer.audience,
      keys: { maxAge: "1m" },
    });
    const token = issuer.mint({ exp: 9e9 });
    const first = await verify(token);
    pass(60_001);
    expect(await verify(token)).toBe(first);
    await vi.waitFor(() => expect(fetchesOf("/keys")).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await verify(token)).toBe(first);
  });
});

describe("the last good keys", () => {
  it("serve until maxStale when the issuer is away, then 503, then recover", async () => {
    const pass = holdClock();
    const { judge } = verifier({ maxAge: "10m", maxStale: "1h" });
    const cached = issuer.mint({ exp: 9e9 });
    expect(await judge(cached)).toBe("accepted");
    behaviour["/keys"] = (_req, res) => void res.writeHead(500).end();
    for (let minute = 0; minute < 60; minute += 5) {
      pass(299_999);
      expect(await judge(cached)).toBe("accepted");
      expect(await judge(issuer.mint())).toBe("accepted");
    }
    pass(10_000);
    expect(await judge(cached)).toBe("keys_unavailable: keys_bad_answer");
    behaviour["/keys"] = undefined;
    pass(30_000);
    expect(await judge(cached)).toBe("accepted");
  });

  it("serve only after the fetch failed, and then without waiting while a busy server asks again", async () => {
    const sleep = (milliseconds: number) =>
      new Promise((resolve) => setTimeout(resolve, milliseconds));
    const { judge } = verifier({ maxAge: "1s", timeout: "400ms" });
    const token = issuer.mint();
    await judge(token);
    behaviour["/keys"] = () => undefined;
    await sleep(1100);
    const first = performance.now();
    expect(await judge(token)).toBe("accepted");
    expect(performance.now() - first).toBeGreaterThan(300);
    for (let turn = 0; turn < 20; turn += 1) {
      expect(await soon(judge(token))).toBe("accepted");
      await sleep(100);
    }
    expect(fetchesOf("/keys")).toBeGreaterThan(2);
  });

  it("are kept when a refresh brings nothing usable", async () => {
    const pass = holdClock();
    const { judge } = verifier({ maxAge: "1m" });
    await judge(issuer.mint());
    behaviour["/keys"] = (_req, res) => json(res, { keys: [] });
    pass(60_001);
    await judge(issuer.mint());
    await vi.waitFor(() => expect(fetchesOf("/keys")).toBe(2));
    expect(await judge(issuer.mint())).toBe("accepted");
  });
});

describe("ready and close", () => {
  it("ready fetches the keys, and tells when there are none", async () => {
    const { ready, judge } = verifier();
    expect(await ready()).toBe("ready");
    expect(await judge(issuer.mint())).toBe("accepted");
    expect(requests).toEqual([DISCOVERY, "/keys"]);
    behaviour["/keys"] = (_req, res) => void res.writeHead(500).end();
    const failing = verifier();
    expect(await failing.ready()).toBe("keys_unavailable: keys_bad_answer");
    expect(await failing.ready()).toBe("keys_unavailable: keys_bad_answer");
    expect(fetchesOf("/keys")).toBe(2);
  });

  it("close ends a fetch under way and starts no other", async () => {
    behaviour["/keys"] = () => undefined;
    const { judge, ready, close } = verifier({ timeout: "1m" });
    const pending = judge(issuer.mint());
    await vi.waitFor(() => expect(fetchesOf("/keys")).toBe(1));
    await close();
    expect(await pending).toBe("keys_unavailable: guard_closed");
    behaviour["/keys"] = undefined;
    expect(await judge(issuer.mint())).toBe("keys_unavailable: guard_closed");
    expect(await ready()).toBe("keys_unavailable: guard_closed");
    expect(fetchesOf("/keys")).toBe(1);
    const unused = verifier();
    await unused.close();
    expect(await unused.judge(issuer.mint())).toBe("keys_unavailable: guard_closed");
  });
});

describe.each(expressVersions)("oauthGuard with remote keys on Express %s", (_major, express) => {
  function appWith(keys: KeyFetchOptions = {}) {
    const guard = oauthGuard({
      issuer: url,
      audience: issuer.audience,
      keys,
    });
    const app = express();
    const decisions: unknown[] = [];
    app.use((req, res, next) => {
      res.on("finish", () => decisions.push(...decisionsOf(req)));
      next();
    });
    app.use(guard);
    app.get("/", (_req, res) => void res.send("ok"));
    const call = () => request(app).get("/").set("Authorization", `Bearer ${issuer.mint()}`);
    return { call, guard, decisions };
  }

  it("answers 503 keys_unavailable with Retry-After within its deadline, and nothing about the reason", async () => {
    behaviour["/keys"] = () => undefined;
    const { call, guard, decisions } = appWith({ timeout: "200ms" });
    const answer = await call().expect(503);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.headers["www-authenticate"]).toBeUndefined();
    expect(JSON.parse(answer.text)).toEqual({
      title: "Service Unavailable",
      status: 503,
      detail: "The keys that verify access tokens are unavailable at the moment.",
      code: "keys_unavailable",
    });
    expect(decisions).toEqual([
      {
        guard: "oauthGuard",
        outcome: "error",
        enforced: true,
        code: "keys_unavailable",
        status: 503,
        reason: "keys_timeout",
      },
    ]);
    await expect(guard.ready()).rejects.toMatchObject({ status: 503, code: "keys_unavailable" });
    await guard.close();
  });

  it("names the system's error code (ECONNREFUSED, …) in the decision, and not in the answer", async () => {
    server.close();
    await once(server, "close");
    const { call, decisions } = appWith();
    const answer = await call().expect(503);
    expect(answer.text).not.toContain("ECONN");
    expect(decisions).toEqual([
      expect.objectContaining({ reason: "keys_unreachable", systemCode: "ECONNREFUSED" }),
    ]);
  });

  it.each([
    ["SELF_SIGNED_CERT_IN_CHAIN", { code: "SELF_SIGNED_CERT_IN_CHAIN" }],
    ["ENOTFOUND", { cause: { code: "ENOTFOUND" } }],
    ["EHOSTUNREACH", { errors: [{ code: "EHOSTUNREACH" }, { code: "ETIMEDOUT" }] }],
    [undefined, { code: "https://internal.test/?token=1" }],
    [undefined, { code: 7 }],
    [
      undefined,
      {
        get code() {
          throw new Error("no");
        },
      },
    ],
  ])("finds %s where the error has it, and takes no text for one", async (code, cause) => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("fetch failed", { cause });
    });
    const { call, decisions } = appWith();
    await call().expect(503);
    vi.unstubAllGlobals();
    expect(decisions).toMatchObject([{ reason: "keys_unreachable" }]);
    expect((decisions[0] as { systemCode?: string }).systemCode).toBe(code);
  });

  it("answers a request that had to wait for keys", async () => {
    const { call, guard } = appWith();
    await call().expect(200, "ok");
    await guard.ready();
  });

  it("says in the decision that stale keys were used", async () => {
    const pass = holdClock();
    const { call, decisions } = appWith({ maxAge: "1m" });
    await call().expect(200);
    behaviour["/keys"] = (_req, res) => void res.writeHead(500).end();
    pass(60_001);
    await call().expect(200);
    expect(fetchesOf("/keys")).toBe(2);
    expect(decisions).toMatchObject([{ code: "ok" }, { code: "ok", reason: "stale_keys" }]);
    expect(decisions[0]).not.toHaveProperty("reason");
  });
});
