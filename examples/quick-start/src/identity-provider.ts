// A real OpenID provider in this process, so that the example needs no account anywhere. Yours is elsewhere.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { Configuration, Provider } from "oidc-provider";

const SCOPES = "orders:read orders:write";

/** What each client gets: the provider's side of "who may do what". */
const CLIENTS: Readonly<Record<string, { scope: string; roles: readonly string[] }>> = {
  reader: { scope: "orders:read", roles: [] },
  writer: { scope: "orders:read orders:write", roles: [] },
  admin: { scope: "orders:read orders:write", roles: ["admin"] },
  flooder: { scope: "orders:read", roles: [] },
};

export interface IdentityProvider {
  readonly issuer: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Fetches an access token by the client-credentials grant (RFC 6749 §4.4). */
  token(client: string, audience: string): Promise<string>;
  close(): void;
}

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const server = createServer();
  const issuer = await listen(server);

  const provider = await createProvider(issuer, {
    clients: Object.entries(CLIENTS).map(([id, { scope }]) => ({
      client_id: id,
      client_secret: `${id}-secret`,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      scope,
    })),
    jwks: {
      keys: [{ ...privateKey.export({ format: "jwk" }), kid: "example", use: "sig", alg: "RS256" }],
    },
    scopes: SCOPES.split(" "),
    ttl: { ClientCredentials: 3600 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, audience) => ({
          audience,
          scope: SCOPES,
          accessTokenFormat: "jwt",
          accessTokenTTL: 3600,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: (_ctx, token) => {
      const roles = CLIENTS[token.clientId ?? ""]?.roles ?? [];
      return roles.length === 0 ? undefined : { roles };
    },
  });
  server.on("request", provider.callback());

  async function token(client: string, audience: string): Promise<string> {
    const response = await fetch(`${issuer}/token`, {
      method: "POST",
      headers: {
        Authorization: `Basic ${Buffer.from(`${client}:${client}-secret`).toString("base64")}`,
      },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        resource: audience,
        scope: CLIENTS[client]?.scope ?? "",
      }),
    });
    if (!response.ok)
      throw new Error(
        `the identity provider answered ${response.status}: ${await response.text()}`,
      );
    const { access_token } = (await response.json()) as { access_token: string };
    return access_token;
  }

  return { issuer, privateKey, publicKey, token, close: () => void server.close() };
}

/** The provider warns what to change for production; this one ends with the process. */
async function createProvider(issuer: string, configuration: Configuration): Promise<Provider> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    const { Provider } = await import("oidc-provider");
    return new Provider(issuer, configuration);
  } finally {
    console.warn = warn;
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the identity provider has no port");
  return `http://127.0.0.1:${address.port}`;
}
