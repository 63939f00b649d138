import { X509Certificate } from "node:crypto";
import { createServer } from "node:http";
import type { Express, Request } from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createCertificate, type TestCertificate } from "../../../test/support/certificates.js";
import { expressVersions } from "../../../test/support/express.js";
import { end, get, listen } from "../../../test/support/tls.js";
import { decisionsOf } from "../../core/decision/decision.js";
import { errorHandler } from "../../errors/index.js";
import { createSecureServer } from "../../server/create-secure-server.js";
import { createTestIssuer } from "../../testing/index.js";
import { createTokenVerifier } from "../create-token-verifier.js";
import { getAuth } from "../get-auth.js";
import { oauthGuard } from "../oauth-guard.js";
import type { CertificateBindingOptions } from "./read-certificate-binding.js";

const issuer = createTestIssuer();
const authority = createCertificate("authority", { isAuthority: true });
const alice = createCertificate("alice", { issuer: authority });
const mallory = createCertificate("mallory", { issuer: authority });
const own = createCertificate("self-signed");
const here = createCertificate("localhost");
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function thumbprint({ cert }: TestCertificate): string {
  return new X509Certificate(cert).fingerprint256
    .replaceAll(":", "")
    .replace(/.*/, (hex) => Buffer.from(hex, "hex").toString("base64url"));
}

const boundTo = (certificate: TestCertificate): string =>
  issuer.mint({ cnf: { "x5t#S256": thumbprint(certificate) } });

describe.each(expressVersions)(
  "oauthGuard with certificateBinding on Express %s",
  (_major, express) => {
    function appWith(certificateBinding: CertificateBindingOptions, more: object = {}): Express {
      const app = express();
      app.use(oauthGuard({ ...issuer.options(), certificateBinding, ...more }));
      app.get("/", (req, res) => void res.json({ subject: getAuth(req)?.subject ?? null }));
      app.use(errorHandler());
      return app;
    }

    async function serve(app: Express): Promise<number> {
      const server = createSecureServer(app, {
        key: here.key,
        cert: here.cert,
        mtls: { ca: authority.cert, required: false },
      });
      closing.push(() => end(server));
      return await listen(server);
    }

    const ask = async (port: number, token: string, certificate?: TestCertificate) => {
      const { status, body, res } = await get(port, {
        headers: { authorization: `Bearer ${token}` },
        ...(certificate && { key: certificate.key, cert: certificate.cert }),
      });
      return { status, body, challenge: res.headers["www-authenticate"] };
    };

    it("accepts a token on connections with its certificate, and on no other, also from the cache", async () => {
      const port = await serve(appWith({}));
      const token = boundTo(alice);
      for (let round = 0; round < 2; round += 1) {
        expect(await ask(port, token, alice)).toMatchObject({
          status: 200,
          body: '{"subject":"test-user"}',
        });
        for (const other of [mallory, own, undefined]) {
          const { status, body, challenge } = await ask(port, token, other);
          expect([status, JSON.parse(body).code]).toEqual([401, "invalid_token"]);
          expect(challenge).toContain(
            'error="invalid_token", error_description="The access token is not bound to the client certificate"',
          );
        }
      }
    });

    it("accepts a certificate that nobody has signed: the token names it", async () => {
      const port = await serve(appWith({}));
      expect((await ask(port, boundTo(own), own)).status).toBe(200);
    });

    it("refuses tokens that are bound to nothing, unless required is false", async () => {
      const strict = await serve(appWith({}));
      expect((await ask(strict, issuer.mint(), alice)).status).toBe(401);
      const lenient = await serve(appWith({ required: false }));
      expect((await ask(lenient, issuer.mint(), alice)).status).toBe(200);
      expect((await ask(lenient, issuer.mint())).status).toBe(200);
      expect((await ask(lenient, boundTo(alice), mallory)).status).toBe(401);
      expect((await ask(lenient, boundTo(alice))).status).toBe(401);
    });

    it.each([
      ["to a key of DPoP", { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }],
      ["to a key as well", { "x5t#S256": thumbprint(alice), jkt: "x" }],
      ["to a thumbprint that is none", { "x5t#S256": `${thumbprint(alice)}=` }],
      ["to a list", { "x5t#S256": [thumbprint(alice)] }],
      ["to nothing", {}],
      ["to null", null],
      ["in a list", [thumbprint(alice)]],
    ])("refuses a token that is bound %s", async (_what, cnf) => {
      const port = await serve(appWith({ required: false }));
      expect((await ask(port, issuer.mint({ cnf }), alice)).status).toBe(401);
    });

    it("lets requests pass in report mode", async () => {
      const port = await serve(appWith({}, { mode: "report" }));
      expect((await ask(port, boundTo(alice), mallory)).status).toBe(200);
    });

    it("judges in report mode by the certificate of the request, also when the connection is gone", async () => {
      let release = () => {};
      const keys = new Promise<object>((resolve) => {
        release = () => resolve(issuer.jwks);
      });
      const seen: Request[] = [];
      const app = express();
      app.use((req, _res, next) => {
        seen.push(req);
        next();
      });
      app.use(
        oauthGuard({
          issuer: issuer.issuer,
          audience: issuer.audience,
          jwks: async () => (await keys) as never,
          certificateBinding: {},
          mode: "report",
        }),
      );
      app.get("/", (_req, res) => void res.end("gone on"));
      const port = await serve(app);
      expect((await ask(port, boundTo(alice), alice)).status).toBe(200);
      expect((await ask(port, boundTo(alice), mallory)).status).toBe(200);
      await vi.waitFor(() => expect(seen.every((req) => req.socket.destroyed)).toBe(true));
      release();
      const outcomes = () =>
        seen.map((req) => decisionsOf(req).map(({ outcome, reason }) => [outcome, reason]));
      await vi.waitFor(() => expect(outcomes().flat()).toHaveLength(2));
      expect(outcomes()).toEqual([[["allow", undefined]], [["deny", "certificate_mismatch"]]]);
    });

    describe("behind a proxy that ends TLS", () => {
      const HEADER = "Client-Cert";

      async function askBehind(
        binding: CertificateBindingOptions,
        headers: Readonly<Record<string, string | string[]>>,
        token = boundTo(alice),
      ): Promise<number> {
        const server = createServer(appWith(binding));
        closing.push(() => end(server));
        const port = await listen(server);
        const { request } = await import("node:http");
        return await new Promise((resolve, reject) => {
          request(
            { port, host: "127.0.0.1", headers: { authorization: `Bearer ${token}`, ...headers } },
            (res) => {
              res.resume();
              resolve(res.statusCode ?? 0);
            },
          )
            .on("error", reject)
            .end();
        });
      }

      const der = ({ cert }: TestCertificate) =>
        `:${new X509Certificate(cert).raw.toString("base64")}:`;
      const trusted = { header: HEADER, trustedPeers: "127.0.0.1" };

      it("takes the certificate from the field, as RFC 9440 and as nginx write it", async () => {
        expect(await askBehind(trusted, { [HEADER]: der(alice) })).toBe(200);
        expect(await askBehind(trusted, { [HEADER]: der(mallory) })).toBe(401);
        expect(await askBehind(trusted, { [HEADER]: encodeURIComponent(alice.cert) })).toBe(200);
        expect(await askBehind(trusted, { [HEADER]: encodeURI(alice.cert) })).toBe(200);
        expect(await askBehind(trusted, { [HEADER]: encodeURIComponent(mallory.cert) })).toBe(401);
      });

      it.each<[string, Readonly<Record<string, string | string[]>>]>([
        ["there is none", {}],
        ["there are two", { [HEADER]: [der(alice), der(mallory)] }],
        ["there is one twice", { [HEADER]: [der(alice), der(alice)] }],
        ["it is empty", { [HEADER]: "::" }],
        ["it is no certificate", { [HEADER]: "(null)" }],
        ["it is cut off", { [HEADER]: encodeURIComponent(alice.cert).slice(0, 200) }],
        ["it cannot be decoded", { [HEADER]: "-----BEGIN%20CERTIFICATE-----%zz" }],
        ["it is a hash", { [HEADER]: thumbprint(alice) }],
      ])("refuses when %s", async (_what, headers) => {
        expect(await askBehind(trusted, headers)).toBe(401);
      });

      it("does not believe anybody else", async () => {
        const others = { header: HEADER, trustedPeers: "10.0.0.0/8" };
        expect(await askBehind(others, { [HEADER]: der(alice) })).toBe(401);
        expect(await askBehind({}, { [HEADER]: der(alice) })).toBe(401);
        expect(
          await askBehind(others, { "X-Forwarded-For": "10.0.0.1", [HEADER]: der(alice) }),
        ).toBe(401);
      });
    });
  },
);

it("createTokenVerifier has no connection, and refuses bound tokens as before", async () => {
  const verifier = createTokenVerifier(issuer.options());
  await expect(verifier.verify(boundTo(alice))).rejects.toMatchObject({
    cause: { reason: "bound_token" },
  });
});

it.each<[unknown, string]>([
  [
    true,
    "oauthGuard.certificateBinding must be an options object, got true: write { required: true }",
  ],
  [
    { header: "Client-Cert" },
    "oauthGuard.certificateBinding.header must stand beside trustedPeers: a field counts from named peers only",
  ],
  [
    { trustedPeers: "10.0.0.5" },
    "oauthGuard.certificateBinding.trustedPeers must stand beside header: a field counts from named peers only",
  ],
  [
    { header: "client cert", trustedPeers: "10.0.0.5" },
    "oauthGuard.certificateBinding.header must be the name of a header field, got a string of 11 characters",
  ],
  [
    undefined,
    "oauthGuard.certificateBinding must not be undefined: is it read from a variable that is not set? Else leave the option out",
  ],
])("refuses %j as certificateBinding", (certificateBinding, problem) => {
  expect(() => oauthGuard({ ...issuer.options(), certificateBinding } as never)).toThrow(problem);
});
