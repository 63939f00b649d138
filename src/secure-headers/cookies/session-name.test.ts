import { readFileSync } from "node:fs";
import { join } from "node:path";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cpuTimeOf } from "../../../test/support/cpu-time.js";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";

const PAGE = readFileSync(join(process.cwd(), "docs/reference/secure-headers.md"), "utf8");

/** What the page says is asked of cookies, and their names. */
const PROMISED = [...PAGE.matchAll(/^\| (.+) \| (all|`Secure`|nothing)(?!\w).* \|$/gm)].flatMap(
  ([, cookies = "", asked = ""]) =>
    [...cookies.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => ({ name, asked })),
);
const ADDED: Readonly<Record<string, string>> = {
  all: "; HttpOnly; Secure; SameSite=Lax",
  "`Secure`": "; Secure; SameSite=Lax",
  nothing: "",
};

/** Names that are not on the page. */
const OF_SESSIONS = [
  "__Host-sid",
  "__Secure-better-auth.session_token",
  "__Host-authjs.session-token",
  "next-auth.session-token.0",
  "mysession",
  "SMSESSION",
  "consent-shop.sid",
  "theme_session",
  "Bearer",
  "apiKey",
  "api-key",
  "device_token",
  "SESS41847725f5e919b45880017743781461",
  ".AspNetCore.CookiesC1",
  "wordpress_sec_abc",
];
const OF_NOTHING = [
  "possession",
  "obsession",
  "sessions",
  "paid",
  "druid",
  "idea",
  "user_id",
  "email",
  "session-expiry",
  "token_type",
  "jwtExpires",
  "auth.provider",
  "auth0.is.authenticated",
  "logged_in",
  "form_token",
  "push_token",
  "analytics_session",
  "st-last-access-token-update",
  "sFrontToken",
  "next-auth.pkce.code_verifier",
  "sb-abc-auth-token-code-verifier",
  "anti-forgery-token",
  "__client_uat",
];

describe.each(expressVersions)("the names of cookies on Express %s", (_major, express) => {
  beforeEach(() => void vi.spyOn(process, "emitWarning").mockImplementation(() => undefined));
  afterEach(() => vi.restoreAllMocks());

  async function completed(name: string): Promise<string> {
    const app = express().set("trust proxy", true);
    app.use(secureHeaders({ cookies: "enforce" }), (_req, res) => {
      res.setHeader("Set-Cookie", `${name}=1; Path=/`).end();
    });
    const { headers } = await request(app).get("/").set("X-Forwarded-Proto", "https").expect(200);
    return String(headers["set-cookie"]);
  }

  it("are on the page of reference", () => {
    expect(PROMISED.length).toBeGreaterThan(80);
    expect(new Set(PROMISED.map(({ asked }) => asked))).toEqual(new Set(Object.keys(ADDED)));
  });

  it.each(PROMISED)("make of $name what the page says: $asked", async ({ name, asked }) => {
    // Of such a name, browsers ask for Secure themselves.
    const expected = name.startsWith("__Host-") ? "; Secure" : ADDED[asked];
    expect(await completed(name)).toBe(`${name}=1; Path=/${expected}`);
  });

  it.each(OF_SESSIONS)("make %s one of a session", async (name) => {
    expect(await completed(name)).toBe(`${name}=1; Path=/${ADDED["all"]}`);
  });

  it.each(OF_NOTHING)("make %s none of a session", async (name) => {
    expect(await completed(name)).toBe(`${name}=1; Path=/`);
  });

  it("are looked at in bounded time, however long they are", async () => {
    const names = ["a".repeat(9000), "a-".repeat(4500), "session-a".repeat(1000)];
    const work = await cpuTimeOf(async () => {
      for (const name of names) await completed(name);
    });
    expect(work).toBeLessThan(1000);
  });
});
