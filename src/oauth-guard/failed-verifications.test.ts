import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { pendingVerdicts } from "../core/decision/pending-verdict.js";
import { createTestIssuer } from "../testing/index.js";
import { getAuth, type OauthGuardOptions, oauthGuard } from "./index.js";

const issuer = createTestIssuer();
const OFFICE = "192.0.2.1";
const HOME = "198.51.100.7";

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | undefined;
}

let server: Server | undefined;
const agents: Agent[] = [];

afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy();
  server?.closeAllConnections();
  server?.close();
});

const good = issuer.mint();

/** A token whose signature is random. */
function forged(): string {
  return good.slice(0, good.lastIndexOf(".") + 1) + randomBytes(64).toString("base64url");
}

let minted = 0;

/** A good token that nobody has seen. */
function fresh(claims: object = {}): string {
  minted += 1;
  return issuer.mint({ jti: `token ${minted}`, ...claims });
}

/** Sends bad tokens on one connection, without waiting for the answers. */
async function flood(port: number, count: number): Promise<{ unauthorized: number; full: number }> {
  const socket = connect(port, "127.0.0.1");
  const head = `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${OFFICE}\r\nAuthorization: Bearer `;
  for (let index = 0; index < count; index += 1) socket.write(`${head}${forged()}\r\n\r\n`);
  let [unauthorized, full] = [0, 0];
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    unauthorized = text.split("HTTP/1.1 401 ").length - 1;
    full = text.split("HTTP/1.1 503 ").length - 1;
    if (unauthorized + full === count) break;
  }
  return { unauthorized, full };
}

describe.each(expressVersions)("failedVerifications on Express %s", (_major, express) => {
  async function start(options: Partial<OauthGuardOptions>, context?: AsyncLocalStorage<string>) {
    const decisions: Decision[] = [];
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let held = 0;
    let [arrived, ended] = [0, 0];
    const app = express();
    app.set("trust proxy", 1);
    app.use((req, res, next) => {
      arrived += 1;
      res.on("close", () => {
        ended += 1;
        void Promise.resolve(pendingVerdicts(req)).then(() => decisions.push(...decisionsOf(req)));
      });
      if (context === undefined) next();
      else context.run(req.get("X-Request") ?? "", next);
    });
    app.use(
      oauthGuard({
        ...issuer.options(),
        principal: {
          kind: async (claims) => {
            held += 1;
            if (claims["held"] === true) await released;
            return "user" as const;
          },
        },
        ...options,
      } as OauthGuardOptions),
    );
    app.get("/", (req, res) => {
      res.set("X-Context", context?.getStore() ?? "none").send(getAuth(req)?.subject ?? "nobody");
    });
    const running = app.listen(0, "127.0.0.1");
    server = running;
    await once(running, "listening");
    const { port } = running.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    agents.push(agent);
    const ask = (token: string, address = OFFICE, more: object = {}) =>
      get({
        port,
        agent: address === OFFICE ? agent : undefined,
        headers: { Authorization: `Bearer ${token}`, "X-Forwarded-For": address, ...more },
      });
    const call = async (token: string, address = OFFICE): Promise<Answer> => {
      const [res] = (await once(ask(token, address), "response")) as [IncomingMessage];
      let text = "";
      for await (const chunk of res) text += String(chunk);
      return {
        status: res.statusCode ?? 0,
        code: text.startsWith("{") ? JSON.parse(text).code : undefined,
        retryAfter: res.headers["retry-after"],
      };
    };
    const spend = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        expect(await call(forged())).toMatchObject({ status: 401 });
      }
    };
    /** Until so many tokens were judged by the function of the app. */
    const holding = async (count: number): Promise<void> => {
      while (held < count) await new Promise(setImmediate);
    };
    /** Calls, and comes back when the request has reached the guard. */
    const entering = async <T>(send: () => T): Promise<T> => {
      const before = arrived;
      const sent = send();
      while (arrived === before) await new Promise(setImmediate);
      return sent;
    };
    const enter = (token: string): Promise<{ answer: Promise<Answer> }> =>
      entering(() => ({ answer: call(token) }));
    return {
      enter,
      entering,
      closed: () => ended,
      port,
      call,
      ask,
      spend,
      release,
      holding,
      decisions,
      heldNow: () => held,
    };
  }

  it("lets colleagues in behind an address that sends 10,000 bad tokens, new ones and known ones", async () => {
    const { call, port } = await start({});
    const known = fresh();
    expect((await call(known)).status).toBe(200);
    const attack = Promise.all(Array.from({ length: 50 }, () => flood(port, 200)));
    let isOver = false;
    void attack.then(() => {
      isOver = true;
    });
    const [newcomers, acquaintances]: [number[], number[]] = [[], []];
    while (!isOver) {
      newcomers.push((await call(fresh())).status);
      acquaintances.push((await call(known)).status);
    }
    expect(new Set(acquaintances)).toEqual(new Set([200]));
    // All 10,000 at the same time are more than may wait.
    expect(newcomers).toContain(200);
    expect(newcomers.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    const answers = (await attack).map(({ unauthorized, full }) => unauthorized + full);
    expect(answers).toEqual(Array(50).fill(200));
    expect((await call(fresh())).status).toBe(200);
  }, 120_000);

  it("verifies one after the other beyond the limit, and answers 503 only when the queue is full", async () => {
    const failedVerifications = { limit: 3, window: "1h", concurrency: 1, maxWaiting: 2 };
    const { call, enter, spend, release, holding } = await start({ failedVerifications });
    const known = fresh();
    expect((await call(known)).status).toBe(200);
    await spend(3);
    const first = call(fresh({ held: true }));
    await holding(2);
    const waiting = [await enter(fresh()), await enter(forged())];
    expect(await call(fresh())).toEqual({
      status: 503,
      code: "check_unavailable",
      retryAfter: "1",
    });
    expect((await call(known)).status).toBe(200);
    expect((await call(fresh(), HOME)).status).toBe(200);
    release();
    expect((await first).status).toBe(200);
    expect(
      (await Promise.all(waiting.map(({ answer }) => answer))).map(({ status }) => status),
    ).toEqual([200, 401]);
  });

  it("begins no more than are left of many at the same time", async () => {
    const failedVerifications = { limit: 5, window: "1h", concurrency: 1, maxWaiting: 1000 };
    const { call, release, holding, heldNow } = await start({ failedVerifications });
    const all = Array.from({ length: 30 }, () => call(fresh({ held: true })));
    await holding(6);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heldNow()).toBe(6);
    release();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(30).fill(200));
    // None of them has failed.
    for (let index = 0; index < 5; index += 1) expect((await call(forged())).status).toBe(401);
  });

  it("gives the place of a client that has left to the next one", async () => {
    const failedVerifications = { limit: 1, window: "1h", concurrency: 1, maxWaiting: 1 };
    const { call, ask, enter, entering, spend, release, holding, closed } = await start({
      failedVerifications,
    });
    await spend(1);
    const first = call(fresh({ held: true }));
    await holding(1);
    const before = closed();
    const leaver = await entering(() => ask(fresh()).on("error", () => undefined));
    expect((await call(fresh())).status).toBe(503);
    while (closed() === before) await new Promise(setImmediate);
    const refused = closed();
    leaver.destroy();
    while (closed() === refused) await new Promise(setImmediate);
    const next = await enter(fresh());
    release();
    expect((await first).status).toBe(200);
    expect((await next.answer).status).toBe(200);
  });

  it("goes on in the context of the request that has waited", async () => {
    const failedVerifications = { limit: 1, window: "1h", concurrency: 1 };
    const context = new AsyncLocalStorage<string>();
    const { ask, spend } = await start({ failedVerifications }, context);
    await spend(1);
    const names = await Promise.all(
      ["a", "b", "c"].map(async (name) => {
        const [res] = await once(ask(fresh(), OFFICE, { "X-Request": name }), "response");
        res.resume();
        return (res as IncomingMessage).headers["x-context"];
      }),
    );
    expect(names).toEqual(["a", "b", "c"]);
  });

  it("keeps nobody waiting in report mode, and records what a full queue would have refused", async () => {
    const failedVerifications = { limit: 1, window: "1h", concurrency: 1, maxWaiting: 1 };
    const { call, release, holding, decisions } = await start({
      failedVerifications,
      mode: "report",
    });
    expect((await call(forged())).status).toBe(200);
    expect((await call(fresh({ held: true }))).status).toBe(200);
    await holding(1);
    expect((await call(fresh())).status).toBe(200);
    expect((await call(fresh())).status).toBe(200);
    release();
    while (decisions.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(decisions).toContainEqual(
      expect.objectContaining({
        reason: "verification_queue_full",
        outcome: "error",
        enforced: false,
        status: 503,
      }),
    );
  });

  it("verifies every token at once with false", async () => {
    const { call, holding, release } = await start({ failedVerifications: false });
    for (let index = 0; index < 150; index += 1) await call(forged());
    const all = Array.from({ length: 20 }, () => call(fresh({ held: true })));
    await holding(20);
    release();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  it("does not charge an outage of the keys to the client", async () => {
    const failedVerifications = { limit: 1, window: "1h", maxWaiting: 1 };
    let isUp = false;
    const jwks = (): typeof issuer.jwks => {
      if (!isUp) throw new Error("down");
      return issuer.jwks;
    };
    const { call, holding, release } = await start({
      ...issuer.options(),
      jwks,
      failedVerifications,
    });
    for (let index = 0; index < 5; index += 1) {
      expect(await call(fresh())).toMatchObject({ status: 503, code: "keys_unavailable" });
    }
    isUp = true;
    const held = call(fresh({ held: true }));
    await holding(1);
    release();
    expect((await held).status).toBe(200);
    expect((await call(forged())).status).toBe(401);
  });
});
