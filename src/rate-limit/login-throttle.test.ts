import { once } from "node:events";
import type { Express, Request, Response } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import { OptionsError } from "../core/options/options-error.js";
import { jsonBody } from "../json-body/index.js";
import type { LoginThrottleOptions } from "./login-throttle/login-throttle-options.js";
import { type LoginThrottleMiddleware, loginThrottle } from "./login-throttle.js";

const decisions = listenToDecisions();
const QUICK = { account: { step: "1ms", max: "1ms" } } as const;

function name(req: Request): string {
  return (req.body as { user: string } | undefined)?.user as string;
}

describe.each(expressVersions)("loginThrottle on Express %s", (_major, express) => {
  interface Login {
    readonly app: Express;
    readonly throttle: LoginThrottleMiddleware;
    readonly guesses: string[];
  }

  function login(options: Partial<LoginThrottleOptions> = {}): Login {
    const throttle = loginThrottle({ user: name, ...QUICK, ...options });
    const guesses: string[] = [];
    const app = (express as unknown as () => Express)();
    app.set("trust proxy", 1);
    app.post("/login", jsonBody(), throttle, async (req: Request, res: Response) => {
      const { user, password } = req.body as Record<string, string>;
      guesses.push(`${user} ${password}`);
      await new Promise((resolve) => setImmediate(resolve));
      res.status(password === "right" ? 200 : 401).json({});
    });
    return { app, throttle, guesses };
  }

  async function guess(app: Express, user: unknown, password = "x", from = "10.0.0.1") {
    const answer = await request(app)
      .post("/login")
      .set("X-Forwarded-For", from)
      .send({ user, password });
    return answer.status;
  }

  it("admits five of a hundred parallel guesses", async () => {
    const { app, guesses } = login();
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        fetch(`http://127.0.0.1:${port}/login`, {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-Forwarded-For": "10.0.0.1" },
          body: JSON.stringify({ user: "ada", password: String(index) }),
        }),
      ),
    );
    server.close();
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(95);
    expect(guesses).toHaveLength(5);
  });

  it("counts an account in each of its spellings", async () => {
    const { app } = login();
    for (const spelling of [
      "ada@x.org",
      "ADA@x.org",
      " ada@x.org ",
      "Ａda@x.org",
      "a\u200bda@x.org",
    ]) {
      expect(await guess(app, spelling)).toBe(401);
    }
    expect(await guess(app, "ada@x.org")).toBe(429);
    expect(await guess(app, "bob@x.org")).toBe(401);
  });

  it("forgets the failures of a pair after a success", async () => {
    const { app } = login();
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1) expect(await guess(app, "ada")).toBe(401);
      expect(await guess(app, "ada", "right")).toBe(200);
    }
    expect(decisions.filter(({ outcome }) => outcome === "deny")).toEqual([]);
  });

  it("does not let the attacker clear his address with logins into an account of his own", async () => {
    const { app } = login({ address: { limit: 6, window: "1h" } });
    for (let n = 0; n < 6; n += 1) {
      expect(await guess(app, `victim ${n}`)).toBe(401);
      if (n < 5) expect(await guess(app, "mallory", "right")).toBe(200);
    }
    expect(await guess(app, "victim 7")).toBe(429);
    expect(await guess(app, "mallory", "right")).toBe(429);
  });

  it("costs a success nothing, however often", async () => {
    const { app } = login({ address: { limit: 2, window: "1h" } });
    for (let n = 0; n < 8; n += 1) expect(await guess(app, "ada", "right")).toBe(200);
  });

  it("locks nobody out when invented names have filled the memory", async () => {
    const { app } = login({ maxKeys: 8, account: {}, address: { limit: 10, window: "1d" } });
    for (let n = 0; n < 40; n += 1) await guess(app, `nobody ${n}`, "x", `10.0.0.${n % 5}`);
    expect(await guess(app, "ada", "right", "10.9.9.9")).toBe(200);
    expect(decisions.at(-1)?.reason).toBe("keys_exhausted");
    // The limit of the address holds all the same.
    for (let n = 0; n < 10; n += 1) expect(await guess(app, "ada", "x", "10.9.9.9")).toBe(401);
    expect(await guess(app, "ada", "x", "10.9.9.9")).toBe(429);
  });

  it("delays an account that fails from everywhere, and locks nobody out", async () => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    const { app } = login({ account: { after: 2, step: "3ms", max: "7ms" } });
    for (let n = 0; n < 40; n += 1) expect(await guess(app, "ada", "x", `10.0.1.${n}`)).toBe(401);
    expect(await guess(app, "ada", "right", "10.9.9.9")).toBe(200);
    const delays = timers.mock.calls.map(([, delay]) => delay);
    expect(delays.filter((delay) => delay === 3)).toHaveLength(1);
    expect(delays.filter((delay) => delay === 6)).toHaveLength(1);
    expect(delays.filter((delay) => delay === 7)).toHaveLength(37);
    timers.mockRestore();
  });

  it("tells accounts that do not exist apart by nothing", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0);
    const { app } = login();
    const headers: unknown[] = [];
    for (const user of ["ada", "nobody"]) {
      for (let n = 0; n < 5; n += 1) await guess(app, user);
      const answer = await request(app)
        .post("/login")
        .set("X-Forwarded-For", "10.0.0.1")
        .send({ user });
      headers.push([
        answer.status,
        answer.body["violated-policies"],
        answer.headers["retry-after"],
      ]);
    }
    expect(headers[0]).toEqual(headers[1]);
    expect(headers[0]).toEqual([429, ["login"], "900"]);
    random.mockRestore();
  });

  it.each([[{ $ne: "" }], [["ada"]], [7], ["x".repeat(2000)]])(
    "refuses %j in place of a name",
    async (user) => {
      expect(await guess(login().app, user)).toBe(400);
    },
  );

  it("counts a request without a name by its address", async () => {
    const { app } = login();
    for (let n = 0; n < 5; n += 1) expect(await guess(app, undefined)).toBe(401);
    expect(await guess(app, undefined)).toBe(429);
  });

  it("refuses a body that nothing has parsed", async () => {
    const { app } = login();
    await request(app).post("/login").type("text/plain").send("user=ada").expect(415);
  });

  it("asks the app whether a login has failed", async () => {
    const { app } = login({ failed: async (_req, res) => res.statusCode !== 401 });
    for (let n = 0; n < 8; n += 1) expect(await guess(app, "ada")).toBe(401);
    for (let n = 0; n < 5; n += 1) expect(await guess(app, "ada", "right")).toBe(200);
    expect(await guess(app, "ada", "right")).toBe(429);
  });

  it("frees an account by hand", async () => {
    const { app, throttle } = login();
    for (let n = 0; n < 5; n += 1) await guess(app, "Ada");
    expect(await guess(app, "ada")).toBe(429);
    await throttle.reset({
      policy: "login",
      req: {
        body: { user: "ADA" },
        method: "POST",
        headers: {},
        ip: "10.0.0.1",
        url: "/login",
      } as never,
    });
    expect(await guess(app, "ada")).toBe(401);
    expect((await throttle.peek({ policy: "login-account", key: "ADA" }))[0]?.remaining).toBe(94);
  });

  it("lets everything pass in report mode", async () => {
    const { app } = login({ mode: "report" });
    for (let n = 0; n < 8; n += 1) expect(await guess(app, "ada")).toBe(401);
    expect(decisions.at(-1)).toMatchObject({
      guard: "loginThrottle",
      outcome: "deny",
      enforced: false,
    });
  });

  it("sends no quota headers", async () => {
    const answer = await request(login().app).post("/login").send({ user: "ada" });
    expect(Object.keys(answer.headers).filter((field) => field.includes("ratelimit"))).toEqual([]);
  });
});

describe("loginThrottle, with wrong options, throws one OptionsError", () => {
  it.each([
    [{}, "loginThrottle.user must be a function, got undefined: it is required"],
    [{ username: name }, 'did you mean "user"?'],
    [{ user: "email" }, "loginThrottle.user must be a function"],
    [
      { user: name, pair: { limit: 0, window: "1m" } },
      "loginThrottle.pair.limit must be a whole number from 1 to 1000",
    ],
    [{ user: name, address: { limit: 5 } }, "loginThrottle.address.window must be a duration"],
    [{ user: name, address: undefined }, "loginThrottle.address must not be undefined"],
    [
      { user: name, account: { step: "10s" } },
      "loginThrottle.account.step must not be longer than max",
    ],
    [
      { user: name, account: false, maxWaiting: 5 },
      "loginThrottle.maxWaiting must be left out with account: false",
    ],
    [
      { user: name, onStoreError: "reject" },
      "loginThrottle.onStoreError must be left out without a store",
    ],
    [
      { user: name, store: { consume: async () => [] } },
      'loginThrottle.store must know "sliding-log"',
    ],
    [
      { user: name, store: { consume: async () => [] } },
      "must have reset(), for logins that succeed",
    ],
    [{ user: name, store: { consume: async () => [] } }, "or write account: false"],
    [
      { user: name, store: {}, onStoreError: "dangerouslyOpen" },
      'loginThrottle.onStoreError must be one of "fallback", "reject"',
    ],
  ])("%j", (options, message) => {
    const create = (): unknown => loginThrottle(options as never);
    expect(create).toThrow(OptionsError);
    expect(create).toThrow(message);
  });
});
