import type { Express } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { getPrincipal } from "../../src/principal/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { guideSections, guideText, runExample } from "../support/guide.js";
import {
  AUTH0_TENANT,
  COGNITO,
  FIREBASE,
  GOOGLE,
  IAP,
} from "../support/identity-providers/cloud.js";
import {
  ENTRA_V1,
  ENTRA_V2,
  KEYCLOAK,
  KEYCLOAK_INSIDE,
  OKTA_SERVER,
} from "../support/identity-providers/enterprise.js";
import {
  jwkFor,
  mint,
  type OtherToken,
  type Provider,
  serve,
  type TokenShape,
} from "../support/identity-providers/provider.js";
import { codeSpans } from "../support/reference-pages.js";

const PAGE = "identity-providers.md";
const PROVIDERS = [
  AUTH0_TENANT,
  ENTRA_V2,
  ENTRA_V1,
  OKTA_SERVER,
  COGNITO,
  KEYCLOAK,
  KEYCLOAK_INSIDE,
  FIREBASE,
  GOOGLE,
  IAP,
];

const sections = guideSections(PAGE);
const decisions = listenToDecisions();

/** What the guide says about a provider. */
function guideOf({ heading }: Provider): {
  readonly code: string;
  /** As the page shows it; another section of the provider shows it where this one does not. */
  readonly token: TokenShape;
  readonly reasons: ReadonlyMap<string, string>;
} {
  const own = sections.find((section) => section.heading === heading);
  const main = sections.find((section) => section.heading === heading.split(":")[0]);
  const [code = ""] = own?.blocks("ts") ?? [];
  const [json = "{}"] = [...(own?.blocks("json") ?? []), ...(main?.blocks("json") ?? [])];
  const rows = own?.tables.flatMap(({ rows: all }) => all) ?? [];
  return {
    code,
    token: JSON.parse(json) as TokenShape,
    reasons: new Map(
      rows.map(({ token = "", reason = "" }) => [token, codeSpans(reason)[0] ?? ""]),
    ),
  };
}

/** Sends the token, with these changes, to an app with the configuration of the guide, and with these changes. */
async function send(
  app: Express,
  provider: Provider,
  change: OtherToken = {},
): Promise<{ readonly status: number; readonly principal: unknown; readonly reason: unknown }> {
  const { code, token } = guideOf(provider);
  vi.stubGlobal("fetch", serve(provider.documents(jwkFor(token))));
  const configuration = (change.configuration ?? []).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, code);
  runExample(configuration, app);
  app.get("/", (req, res) => void res.json({ principal: getPrincipal(req) }));
  const minted = mint(token, change);
  const call = request(app).get("/");
  const answer = await (provider.field === undefined
    ? call.set("Authorization", `Bearer ${minted}`)
    : call.set(provider.field, minted));
  const { status, body } = answer;
  return { status, principal: body.principal, reason: decisions.at(-1)?.reason };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(expressVersions)("the guide on Express %s", (_major, express) => {
  describe.each(PROVIDERS)("for $heading", (provider) => {
    it("accepts the token that it shows", async () => {
      const { status, principal, reason } = await send(express(), provider);
      expect([status, reason]).toEqual([
        200,
        provider.field === undefined ? undefined : "principal_found",
      ]);
      expect(principal).toMatchObject(JSON.parse(JSON.stringify(provider.principal)));
    });

    it.each(Object.entries(provider.accepted ?? {}))("accepts %s", async (_name, other) => {
      const { status, principal } = await send(express(), provider, other);
      expect(status).toBe(200);
      expect(principal).toMatchObject(JSON.parse(JSON.stringify(other.principal)));
    });

    it.each([...guideOf(provider).reasons])("knows nobody by %s: %s", async (name, expected) => {
      const { status, principal, reason } = await send(express(), provider, provider.refused[name]);
      expect([principal ?? null, reason]).toEqual([null, expected]);
      expect(status).toBe(provider.field === undefined ? 401 : 200);
    });
  });

  it("calls it an outage when Keycloak's metadata names the internal host", async () => {
    const internal = "http://keycloak:8080/realms/shop";
    const jwksUri = `${internal}/protocol/openid-connect/certs`;
    const metadata = `${internal}/.well-known/openid-configuration`;
    const documents = { [metadata]: { issuer: internal, jwks_uri: jwksUri } };
    const provider = { ...KEYCLOAK_INSIDE, documents: () => documents };
    const { status, reason } = await send(express(), provider, {
      configuration: [[`jwksUri: "${jwksUri}"`, `discovery: "${metadata}"`]],
    });
    expect([status, reason]).toEqual([503, "metadata_mismatch"]);
  });

  it("takes the keys from the internal host when Keycloak's metadata names the public issuer", async () => {
    const internal = "http://keycloak:8080/realms/shop";
    const jwksUri = `${internal}/protocol/openid-connect/certs`;
    const metadata = `${internal}/.well-known/openid-configuration`;
    const provider: Provider = {
      ...KEYCLOAK_INSIDE,
      documents: (jwk) => ({
        ...KEYCLOAK_INSIDE.documents(jwk),
        [metadata]: { issuer: "https://sso.example.com/realms/shop", jwks_uri: jwksUri },
      }),
    };
    const { status } = await send(express(), provider, {
      configuration: [[`jwksUri: "${jwksUri}"`, `discovery: "${metadata}"`]],
    });
    expect(status).toBe(200);
  });

  it("says 503 when IAP's keys cannot be fetched", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { status, reason } = await send(express(), { ...IAP, documents: () => ({}) });
    warn.mockRestore();
    expect([status, reason]).toEqual([503, "function_failed"]);
  });
});

describe("the guide", () => {
  it.each(PROVIDERS)("names every token that is tried for $heading", (provider) => {
    expect([...guideOf(provider).reasons.keys()].sort()).toEqual(
      Object.keys(provider.refused).sort(),
    );
  });

  it("has no section that is not tried", () => {
    expect(sections.map(({ heading }) => heading)).toEqual(PROVIDERS.map(({ heading }) => heading));
  });

  it("names reasons that the page of troubleshooting explains", () => {
    const explained = new Set(codeSpans(guideText("troubleshooting.md")));
    const named = PROVIDERS.flatMap((provider) => [...guideOf(provider).reasons.values()]);
    expect(named.filter((reason) => !explained.has(reason))).toEqual([]);
  });
});
