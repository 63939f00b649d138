// The requests that the table shows: what is let in, and every usual way of being kept out.
import { createHmac, createSign, type KeyObject } from "node:crypto";

export interface Expected {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Repeat until the status comes, at most this often. */
  readonly repeat?: number;
  readonly status: number;
  /** The `code` of the problem document; none for an accepted request. */
  readonly code?: string;
  /** The guard that refuses. */
  readonly guard?: string;
}

export interface Material {
  readonly issuer: string;
  readonly audience: string;
  readonly origin: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly tokens: Readonly<
    Record<"reader" | "writer" | "admin" | "flooder" | "elsewhere", string>
  >;
}

export function requests(material: Material): readonly Expected[] {
  const { tokens, origin } = material;
  const order = JSON.stringify({ item: "keyboard", quantity: 2 });
  const forged = forge(material);
  const get = (
    title: string,
    token: string | undefined,
    status: number,
    code?: string,
    guard?: string,
  ): Expected => ({
    title,
    method: "GET",
    path: "/orders",
    headers: token === undefined ? {} : bearer(token),
    status,
    ...refusal(code, guard),
  });
  const post = (
    title: string,
    body: string,
    status: number,
    code?: string,
    guard?: string,
    type = "application/json",
  ): Expected => ({
    title,
    method: "POST",
    path: "/orders",
    headers: { ...bearer(tokens.writer), "Content-Type": type },
    body,
    status,
    ...refusal(code, guard),
  });
  const preflight = (
    title: string,
    from: string,
    status: number,
    code?: string,
    guard?: string,
  ): Expected => ({
    title,
    method: "OPTIONS",
    path: "/orders",
    headers: {
      Origin: from,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization",
    },
    status,
    ...refusal(code, guard),
  });

  return [
    { title: "public route", method: "GET", path: "/health", status: 200 },
    get("read with a valid token", tokens.reader, 200),
    post("write with a valid token", order, 201),
    get("no token", undefined, 401, "authentication_required", "oauthGuard"),
    get("garbage token", "garbage", 401, "invalid_token", "oauthGuard"),
    get("tampered payload", forged.tampered, 401, "invalid_token", "oauthGuard"),
    get('"alg": "none"', forged.unsigned, 401, "invalid_token", "oauthGuard"),
    get("HMAC-signed with the public key", forged.hmac, 401, "invalid_token", "oauthGuard"),
    get("wrong audience", tokens.elsewhere, 401, "invalid_token", "oauthGuard"),
    get("wrong issuer", forged.wrongIssuer, 401, "invalid_token", "oauthGuard"),
    get("expired", forged.expired, 401, "invalid_token", "oauthGuard"),
    {
      ...post("missing scope", order, 403, "insufficient_scope", "requireScope"),
      headers: { ...bearer(tokens.reader), "Content-Type": "application/json" },
    },
    {
      ...get("missing role", tokens.writer, 403, "access_denied", "requireRole"),
      path: "/admin/report",
    },
    { ...get("admin with the role", tokens.admin, 200), path: "/admin/report" },
    post("malformed JSON", '{"item": "keyboard",', 400, "malformed_json", "jsonBody"),
    post(
      "unknown field",
      '{"item":"keyboard","quantity":1,"price":0}',
      422,
      "validation_failed",
      "validate",
    ),
    post(
      "wrong media type",
      "item=keyboard",
      415,
      "unsupported_media_type",
      "validate",
      "text/plain",
    ),
    post(
      "oversized body",
      JSON.stringify({ item: "x".repeat(20_000), quantity: 1 }),
      413,
      "body_too_large",
      "jsonBody",
    ),
    preflight("preflight from an allowed origin", origin, 204),
    preflight(
      "preflight from a foreign origin",
      "https://evil.example",
      403,
      "cors_not_allowed",
      "secureHeaders",
    ),
    { ...get("a flood", tokens.flooder, 429, "rate_limit_exceeded", "rateLimit"), repeat: 200 },
  ];
}

export function bearer(token: string): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${token}` };
}

function refusal(
  code: string | undefined,
  guard: string | undefined,
): Pick<Expected, "code" | "guard"> {
  return { ...(code === undefined ? {} : { code }), ...(guard === undefined ? {} : { guard }) };
}

/** Tokens that an attacker, or a confused client, would send. */
function forge({ issuer, privateKey, publicKey, tokens }: Material) {
  const [header = "", payload = "", signature = ""] = tokens.reader.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<
    string,
    unknown
  >;
  const original = JSON.parse(Buffer.from(header, "base64url").toString()) as Record<
    string,
    unknown
  >;
  const now = Math.floor(Date.now() / 1000);

  const sign = (changed: Record<string, unknown>): string => {
    const input = `${header}.${encode({ ...claims, ...changed })}`;
    return `${input}.${createSign("sha256").update(input).sign(privateKey, "base64url")}`;
  };
  const hmacInput = `${encode({ ...original, alg: "HS256" })}.${payload}`;
  const pem = publicKey.export({ type: "spki", format: "pem" });
  return {
    tampered: `${header}.${encode({ ...claims, scope: "orders:read orders:write" })}.${signature}`,
    unsigned: `${encode({ ...original, alg: "none" })}.${payload}.`,
    hmac: `${hmacInput}.${createHmac("sha256", pem).update(hmacInput).digest("base64url")}`,
    wrongIssuer: sign({ iss: `${issuer}/other` }),
    expired: sign({ iat: now - 7200, exp: now - 3600 }),
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
