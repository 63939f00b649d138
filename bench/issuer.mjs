import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { AUDIENCE, SCOPE } from "./workload.mjs";

const KEY_ID = "bench-1";

/** An identity provider on loopback: discovery, key set and RS256 access tokens (RFC 9068). */
export async function startIssuer() {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const jwk = createPublicKey(pair.publicKey).export({ format: "jwk" });
  const jwks = { keys: [{ ...jwk, kid: KEY_ID, alg: "RS256", use: "sig" }] };
  const server = createServer((req, res) => {
    const body = req.url === "/jwks" ? jwks : metadata(issuer);
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const privateKey = createPrivateKey(pair.privateKey);
  return {
    issuer,
    jwks,
    publicKey: pair.publicKey,
    mint: (number, claims) => mint(privateKey, issuer, number, claims),
    close: () => server.close(),
  };
}

function metadata(issuer) {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  };
}

function mint(privateKey, issuer, number, claims) {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "RS256", typ: "at+jwt", kid: KEY_ID };
  const payload = {
    iss: issuer,
    aud: AUDIENCE,
    sub: `user-${String(number).padStart(6, "0")}`,
    client_id: "web-shop",
    scope: `openid orders:read ${SCOPE}`,
    roles: ["customer", "editor"],
    jti: `token-${String(number).padStart(6, "0")}`,
    iat: now,
    exp: now + 6 * 3600,
    ...claims,
  };
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
