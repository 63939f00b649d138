import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Express, RequestHandler, Response } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const fixtures = join(process.cwd(), "src/secure-headers/fixtures");
const certificate = {
  key: readFileSync(join(fixtures, "test-key.pem")),
  cert: readFileSync(join(fixtures, "test-certificate.pem")),
};
const SECRET = "s3cr3t-value";

/** Calls a listener when the head is written, as the package on-headers does. */
function onHeaders(res: Response, listener: () => void): void {
  const before = res.writeHead;
  let fired = false;
  res.writeHead = function writeHead(this: Response, ...args: readonly unknown[]) {
    if (!fired) {
      fired = true;
      listener();
    }
    return Reflect.apply(before, this, args) as Response;
  } as Response["writeHead"];
}

/** Sets its cookie as late as express-session does. */
const session: RequestHandler = (_req, res, next) => {
  onHeaders(res, () => {
    const known = res.getHeader("Set-Cookie") ?? [];
    const list = Array.isArray(known) ? known : [String(known)];
    res.setHeader("Set-Cookie", [...list, `connect.sid=${SECRET}; Path=/`]);
  });
  next();
};

/** The Set-Cookie fields of one answer over TLS. */
async function overTls(app: Express): Promise<readonly string[] | undefined> {
  const server = createServer(certificate, app as never);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    const { port } = server.address() as AddressInfo;
    return await new Promise((done, fail) => {
      const tls = { ca: certificate.cert, servername: "api.example.com", agent: false };
      httpsRequest({ port, host: "127.0.0.1", ...tls }, (answer) => {
        answer.resume().on("end", () => done(answer.headers["set-cookie"]));
      })
        .on("error", fail)
        .end();
    });
  } finally {
    server.close();
  }
}

describe.each(expressVersions)("cookies of sessions on Express %s", (_major, express) => {
  let warned: readonly (readonly [unknown, unknown])[] = [];

  beforeEach(() => {
    const list: (readonly [unknown, unknown])[] = [];
    warned = list;
    vi.spyOn(process, "emitWarning").mockImplementation(((message: unknown, options: unknown) => {
      list.push([message, options]);
    }) as never);
  });
  afterEach(() => vi.restoreAllMocks());

  const seen: (readonly Decision[])[] = [];
  function appWith(options: SecureHeadersOptions, ...handlers: readonly RequestHandler[]): Express {
    const app = express();
    app.use((req, _res, next) => {
      seen.push(decisionsOf(req));
      next();
    });
    app.use(secureHeaders(options), ...handlers);
    return app;
  }
  const setting = (...cookies: readonly string[]): RequestHandler => {
    return (_req, res) => void res.setHeader("Set-Cookie", cookies).end();
  };
  async function cookiesOf(app: Express): Promise<readonly string[]> {
    const { headers } = await request(app).get("/").expect(200);
    return (headers["set-cookie"] as unknown as string[] | undefined) ?? [];
  }
  const enforce: SecureHeadersOptions = { cookies: "enforce" };
  const full = (name: string): string => `${name}=${SECRET}; Path=/; HttpOnly; SameSite=Lax`;

  /** Every way in which a header field gets into an answer. */
  const WAYS: readonly (readonly [string, RequestHandler])[] = [
    ["a hook of writeHead", session],
    [
      "res.cookie",
      (_req, res, next) => {
        res.cookie("connect.sid", SECRET);
        next();
      },
    ],
    [
      "res.setHeader with a list",
      (_req, res, next) => {
        res.setHeader("Set-Cookie", [`connect.sid=${SECRET}; Path=/`]);
        next();
      },
    ],
    [
      "res.setHeader with a text",
      (_req, res, next) => {
        res.setHeader("set-cookie", `connect.sid=${SECRET}; Path=/`);
        next();
      },
    ],
    [
      "res.append",
      (_req, res, next) => {
        res.append("Set-Cookie", `connect.sid=${SECRET}; Path=/`);
        next();
      },
    ],
    [
      "writeHead with an object",
      (_req, res) => {
        res.writeHead(200, { "SET-COOKIE": [`connect.sid=${SECRET}; Path=/`] }).end("ok");
      },
    ],
    [
      "writeHead with a reason and an object",
      (_req, res) => {
        res.writeHead(200, "Fine", { "Set-Cookie": `connect.sid=${SECRET}; Path=/` }).end("ok");
      },
    ],
    [
      "writeHead with a list",
      (_req, res) => {
        const list = ["X-Other", "1", "Set-Cookie", `connect.sid=${SECRET}; Path=/`];
        res.writeHead(200, list).end("ok");
      },
    ],
    [
      "flushHeaders",
      (_req, res) => {
        res.setHeader("Set-Cookie", `connect.sid=${SECRET}; Path=/`);
        res.flushHeaders();
        res.end("ok");
      },
    ],
    [
      "write",
      (_req, res) => {
        res.setHeader("Set-Cookie", `connect.sid=${SECRET}; Path=/`);
        res.write("o");
        res.end("k");
      },
    ],
  ];

  it.each(WAYS)("get what they lack, set by %s", async (_title, set) => {
    const app = appWith(enforce, set, (_req, res) => void res.end("ok"));
    for (const _ of [1, 2]) {
      const answer = await request(app).get("/").expect(200);
      expect(answer.headers["set-cookie"]).toEqual([full("connect.sid")]);
      expect(answer.text).toBe("ok");
    }
    expect(warned).toEqual([]);
    expect(seen.at(-1)).toEqual([
      {
        guard: "secureHeaders",
        outcome: "allow",
        enforced: true,
        code: "ok",
        reason: "cookie_completed",
      },
    ]);
  });

  it.each(WAYS)(
    "are warned of once by default, and not touched, set by %s",
    async (_title, set) => {
      const app = appWith({}, set, (_req, res) => void res.end("ok"));
      for (const _ of [1, 2]) {
        expect(await cookiesOf(app)).toEqual([`connect.sid=${SECRET}; Path=/`]);
      }
      expect(warned).toEqual([
        [
          'secureHeaders: the app sets the cookie "connect.sid" without HttpOnly, SameSite=Lax. Set this where the cookie is made, or let cookies: "enforce" add what can be added.',
          { code: "EXPRESS_SECURE_API_WEAK_COOKIE", type: "SecurityWarning" },
        ],
      ]);
      expect(seen.at(-1)).toEqual([]);
    },
  );

  it("get Secure over TLS", async () => {
    const app = appWith(enforce, session, (_req, res) => void res.end());
    const expected = [`connect.sid=${SECRET}; Path=/; HttpOnly; Secure; SameSite=Lax`];
    expect(await overTls(app)).toEqual(expected);
  });

  it("get Secure behind a proxy that the app trusts", async () => {
    const app = appWith(enforce, session, (_req, res) => void res.end());
    const proxied = { "X-Forwarded-Proto": "https" };
    const stranger = await request(app).get("/").set(proxied).expect(200);
    expect(stranger.headers["set-cookie"]).toEqual([full("connect.sid")]);
    app.set("trust proxy", "loopback");
    const trusted = await request(app).get("/").set(proxied).expect(200);
    expect(trusted.headers["set-cookie"]?.[0]).toContain("; Secure");
  });

  it.each([
    "sid",
    "SID",
    "connect.sid",
    "koa.sess",
    "koa.sess.sig",
    "session",
    "session.sig",
    "express:sess",
    "sessionid",
    "sessionId",
    "session_id",
    "JSESSIONID",
    "PHPSESSID",
    "ASPSESSIONIDQABC",
    "ASP.NET_SessionId",
    "laravel_session",
    "userSession",
    "token",
    "jwt",
    "access_token",
    "accessToken",
    "refreshToken",
    "refresh-token",
    "authtoken",
    "auth",
    "app.auth",
    "id_token",
    "remember_user_token",
    "__Secure-next-auth.session-token",
  ])("are those named %s", async (name) => {
    await cookiesOf(appWith({}, setting(`${name}=${SECRET}; Secure`)));
    expect(String(warned[0]?.[0])).toContain(`"${name}" without HttpOnly, SameSite=Lax.`);
  });

  it.each([
    "theme",
    "lang",
    "XSRF-TOKEN",
    "csrftoken",
    "_csrf",
    "csrf-token",
    "x-csrf-token-session",
    "__Host-csrf",
    "inside",
    "residence",
    "assessment",
    "possession",
    "author",
    "authority",
    "considered",
    "cart",
    "",
  ])("are not those named %s", async (name) => {
    const cookie = `${name}=${SECRET}; Secure; Path=/`;
    expect(await cookiesOf(appWith(enforce, setting(cookie)))).toEqual([cookie]);
    expect(warned).toEqual([]);
  });

  it.each<[string, string, string]>([
    ["nothing that they have", "sid=1; HTTPONLY; samesite=STRICT; Path=/", ""],
    ["nothing that they have, in any spacing", "sid=1;HttpOnly ;  SameSite = None", ""],
    ["nothing where they are deleted", "sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ""],
    ["nothing where they are deleted, in quotes", 'sid=""; Path=/', ""],
    ["SameSite where it says nothing", "sid=1; HttpOnly; SameSite", "; SameSite=Lax"],
    ["SameSite where no browser knows it", "sid=1; HttpOnly; SameSite=Loose", "; SameSite=Lax"],
    ["HttpOnly where it only stands in the value", "sid=HttpOnly", "; HttpOnly; SameSite=Lax"],
    [
      "HttpOnly where it only stands in the path",
      "sid=1; Path=/HttpOnly",
      "; HttpOnly; SameSite=Lax",
    ],
    ["all with white space around the name", " sid =1", "; HttpOnly; SameSite=Lax"],
    ["all with an equals sign in the value", "sid=a=b=c", "; HttpOnly; SameSite=Lax"],
    ["all with a loose semicolon", "sid=1;;", "; HttpOnly; SameSite=Lax"],
    [
      "Secure with a prefix, which browsers ask for",
      "__Secure-sid=1; HttpOnly; SameSite=Lax",
      "; Secure",
    ],
    ["Secure with a prefix in other letters", "__host-theme=1; Path=/", "; Secure"],
    [
      "Secure with a prefix where they are deleted, or browsers keep them",
      "__Host-sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
      "; Secure",
    ],
  ])("get %s", async (_title, cookie, added) => {
    expect(await cookiesOf(appWith(enforce, setting(cookie)))).toEqual([cookie.trim() + added]);
    expect(warned).toEqual([]);
  });

  it("keep their order and the cookies around them", async () => {
    const cookies = ["theme=dark", "sid=1", "XSRF-TOKEN=2", "token=3; HttpOnly"];
    expect(await cookiesOf(appWith(enforce, setting(...cookies)))).toEqual([
      "theme=dark",
      "sid=1; HttpOnly; SameSite=Lax",
      "XSRF-TOKEN=2",
      "token=3; HttpOnly; SameSite=Lax",
    ]);
  });

  it("are warned of where a deletion has no effect", async () => {
    const app = appWith({}, (_req, res) => void res.clearCookie("__Secure-sid").end());
    await cookiesOf(app);
    expect(String(warned[0]?.[0])).toContain('"__Secure-sid" without Secure.');
  });

  it("are warned of where enforcing cannot help: browsers refuse them", async () => {
    const app = appWith(
      enforce,
      setting("__Host-sid=1; Domain=example.com; HttpOnly; SameSite=Lax"),
    );
    expect((await cookiesOf(app))[0]).toContain("; Secure");
    expect(String(warned[0]?.[0])).toContain('"__Host-sid" without Path=/, no Domain.');
  });

  it("are warned of once for each name, with a bound, and never with their value", async () => {
    const app = appWith({}, (req, res) => {
      res.setHeader("Set-Cookie", `t${req.query["n"] as string}-token\u00e9=${SECRET}`).end();
    });
    for (let number = 0; number < 120; number += 1) {
      await request(app)
        .get("/")
        .query({ n: number % 110 });
    }
    expect(warned).toHaveLength(100);
    expect(String(warned[0]?.[0])).toContain('"t0-token?"');
    expect(JSON.stringify(warned)).not.toContain(SECRET);
    expect(JSON.stringify(seen)).not.toContain(SECRET);
  });

  it("are left alone with cookies: false", async () => {
    const app = appWith({ cookies: false }, session, (_req, res) => void res.end());
    expect(await cookiesOf(app)).toEqual([`connect.sid=${SECRET}; Path=/`]);
    expect(warned).toEqual([]);
  });

  it("are not touched in report mode, and the decision says what would be added", async () => {
    const app = appWith({ ...enforce, mode: "report" }, session, (_req, res) => void res.end());
    expect(await cookiesOf(app)).toEqual([`connect.sid=${SECRET}; Path=/`]);
    expect(warned).toEqual([]);
    expect(seen.at(-1)).toMatchObject([
      { outcome: "allow", enforced: false, reason: "cookie_completed" },
    ]);
  });

  it("get what they lack although a second secureHeaders only warns", async () => {
    for (const order of [
      [enforce, {}],
      [{}, enforce],
    ]) {
      const handlers = order.map((options) => secureHeaders(options));
      const app = express().use(...handlers, session, (_req, res) => void res.end());
      expect(await cookiesOf(app)).toEqual([full("connect.sid")]);
    }
  });

  it("get what they lack in an app that is mounted in the app", async () => {
    const inner = express();
    inner.use(session, (_req, res) => void res.end());
    const app = appWith(enforce, inner);
    for (const _ of [1, 2]) expect(await cookiesOf(app)).toEqual([full("connect.sid")]);
  });

  it("get what they lack behind a router without an app", async () => {
    const router = express.Router().use(secureHeaders(enforce), session, (_req, res) => {
      res.end();
    });
    const server = createHttpServer((req, res) => {
      router(req as never, res as never, () => undefined);
    });
    const { headers } = await request(server).get("/").expect(200);
    expect(headers["set-cookie"]).toEqual([full("connect.sid")]);
  });

  it("get what they lack from the second request on where the session is mounted in front", async () => {
    const app = express().use(session, secureHeaders(enforce), (_req, res) => void res.end());
    await cookiesOf(app);
    expect(await cookiesOf(app)).toEqual([full("connect.sid")]);
  });

  it("get what they lack on a refusal", async () => {
    const app = appWith({ ...enforce, crossOriginGuard: { always: "/" } }, session);
    app.use(session);
    const late = express().use(
      session,
      secureHeaders({ ...enforce, crossOriginGuard: { always: "/" } }),
    );
    await request(late).post("/");
    const answer = await request(late).post("/").set("Sec-Fetch-Site", "cross-site").expect(403);
    expect(answer.headers["set-cookie"]).toEqual([full("connect.sid")]);
  });

  it.each([
    ["a hook of writeHead", session],
    ["res.cookie", WAYS[1]?.[1] as RequestHandler],
    ["writeHead with an object", WAYS[5]?.[1] as RequestHandler],
    ["writeHead with a list", WAYS[7]?.[1] as RequestHandler],
  ] as const)("get what they lack over HTTP/2, set by %s", async (_title, set) => {
    const server = http2Server(appWith(enforce, set, (_req, res) => void res.end("ok")));
    try {
      const answer = await http2Request(server, { ":path": "/" });
      expect(answer.headers["set-cookie"]).toEqual([full("connect.sid")]);
      expect(answer.body).toBe("ok");
    } finally {
      server.close();
    }
  });

  it("does not look into answers without cookies, and sends values that are no text as they are", async () => {
    const app = appWith(enforce, (req, res) => {
      if (req.path === "/odd") res.setHeader("Set-Cookie", 5 as never);
      res.status(201).json({ ok: true });
    });
    const plain = await request(app).get("/").expect(201);
    expect(plain.headers["set-cookie"]).toBeUndefined();
    expect((await request(app).get("/odd").expect(201)).headers["set-cookie"]).toEqual(["5"]);
    expect(seen.at(-1)).toEqual([]);
  });
});
