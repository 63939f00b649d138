import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { getAuth, oauthGuard } from "./index.js";

const API = "https://api.test/";

let server: Server;
let issuer: string;

beforeAll(async () => {
  let handle: RequestListener = () => undefined;
  server = createServer((req, res) => handle(req, res)).listen(0, "127.0.0.1");
  await once(server, "listening");
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "info").mockImplementation(() => undefined);
  handle = createProvider(issuer);
});

afterAll(() => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  server.close();
});

function createProvider(url: string): RequestListener {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const provider = new Provider(url, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "1", use: "sig" }] } as never,
    clients: [
      {
        client_id: "shop",
        client_secret: "a-secret-of-the-shop",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: "orders:read orders:write",
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  return provider.callback();
}

async function accessToken(resource: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: {
      Authorization: `Basic ${Buffer.from("shop:a-secret-of-the-shop").toString("base64")}`,
    },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "orders:read", resource }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}

describe.each(expressVersions)(
  "oauthGuard with a real OpenID provider on Express %s",
  (_major, express) => {
    it.each(["compatible", "rfc9068"] as const)(
      "accepts its at+jwt tokens, profile %s",
      async (profile) => {
        const app = express();
        app.use(oauthGuard({ issuer, audience: API, profile, scopes: "orders:read" }));
        app.get("/", (req, res) => {
          const auth = getAuth(req);
          res.json({ typ: auth?.header.typ, clientId: auth?.clientId, scopes: auth?.scopes });
        });
        const token = await accessToken(API);
        const answer = await request(app)
          .get("/")
          .set("Authorization", `Bearer ${token}`)
          .expect(200);
        expect(answer.body).toEqual({ typ: "at+jwt", clientId: "shop", scopes: ["orders:read"] });
        const foreign = await accessToken("https://other.test/");
        await request(app).get("/").set("Authorization", `Bearer ${foreign}`).expect(401);
        const forged = `${token.slice(0, -20)}${"A".repeat(20)}`;
        await request(app).get("/").set("Authorization", `Bearer ${forged}`).expect(401);
      },
    );
  },
);
