import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { auditLog } from "../index.js";

const sinks = [new Transport({ log: (_info, next) => next() })];

function start(header: string): () => unknown {
  return () => auditLog({ sinks, fields: { headers: [header] } });
}

/** Each carries what lets its owner in, or what names one person in full. */
const SECRET: readonly string[] = [
  "Authorization",
  "Proxy-Authorization",
  "X-Ms-Authorization-Auxiliary",
  "X-Basicauth",
  "X-OAuth-Code",
  "Cookie",
  "Set-Cookie",
  "Cookie2",
  "X-Set-Cookies",
  "Ocp-Apim-Subscription-Key",
  "X-Functions-Key",
  "X-Api-Key",
  "api-key",
  "apikey",
  "X-ApiKey",
  "X_API_KEY",
  "X-Access-Key",
  "X-Subscriptionkey",
  "Fastly-Key",
  "X-License-Key",
  "X-Amz-Server-Side-Encryption-Customer-Key",
  "X-Goog-Iap-Jwt-Assertion",
  "Cf-Access-Jwt-Assertion",
  "X-Amzn-Oidc-Data",
  "X-Ms-Client-Principal",
  "X-Apigateway-Api-Userinfo",
  "X-Amz-Security-Token",
  "X-Vault-Token",
  "Private-Token",
  "X-Csrftoken",
  "X-Xsrf",
  "X-Forwarded-Access-Token",
  "X-AccessToken",
  "X-Client-Cert",
  "X-Forwarded-Client-Cert",
  "X-Ssl-Clientcert",
  "X-Arr-Certificate",
  "X-Webhook-Secret",
  "X-Client-Secret",
  "X-Password",
  "X-User-Passwd",
  "X-Passcode",
  "X-Db-Pwd",
  "X-User-Pass",
  "X-Twilio-Signature",
  "Stripe-Signature",
  "X-Hub-Signature-256",
  "X-Shopify-Hmac-Sha256",
  "X-Sig",
  "X-Signed-Request",
  "X-Github-Otp",
  "X-Totp",
  "X-Mfa-Code",
  "X-Card-Pin",
  "X-Session-Id",
  "X-Sid",
  "X-Saml-Response",
  "X-Credentials",
  "X-Bearer",
  "DPoP",
  // Capitals for words behind a hyphen, numbers, words without a gap or with one, and short forms.
  "X-UserPwd",
  "X-CardPin",
  "X-SmsOtp",
  "X-RequestSig",
  "X-Client-CertChain",
  "X-Pwd2",
  "X-Apikey2",
  "X-Sig1",
  "X-User-Pass-2",
  "X-Smsotp",
  "X-Userpwd",
  "PHPSESSID",
  "X-HmacSha256",
  "X-Keypair",
  "X-PrivateKeyPem",
  "X-Tls-Client-Pem",
  "X-Pass-Word",
  "X-Pass-Phrase",
  "X-Pincode",
  "X-Pin-Code",
  "X-Access-Code",
  "X-OneTimeCode",
  "X-Verification-Code",
  "X-Refresh-Tkn",
  "X-Cvv",
  // Where browsers put tokens, because a script can set no other field of a WebSocket.
  "Sec-WebSocket-Protocol",
];

/** Each says something about the request, and lets nobody in. */
const HARMLESS: readonly [name: string, reason: string][] = [
  ["User-Agent", "the program"],
  ["Accept-Language", "a preference"],
  ["X-Correlation-Id", "links requests"],
  ["X-Request-Id", "links requests"],
  ["X-Request-Key-Id", "says which key, not the key"],
  ["Idempotency-Key", "a name that the client gives to an operation"],
  ["X-Idempotency-Key", "the same under its old name"],
  ["Sec-WebSocket-Key", "a nonce that protects nothing (RFC 6455 §10.3)"],
  ["X-Partition-Key", "says where data is"],
  ["X-Cache-Key", "says where an answer is stored"],
  ["Surrogate-Key", "says where an answer is stored"],
  ["X-Author", "a person who wrote something"],
  ["X-Authority", "a host"],
  ["X-Authenticated-Userid", "who it is, as the record tells anyway"],
  ["X-Forwarded-User", "who it is, as the record tells anyway"],
  ["X-Keyboard-Layout", "a word that begins like another one"],
  ["X-Passenger-Count", "a word that begins like another one"],
  ["X-Pass-Through", "no password"],
  ["X-Bypass-Cache", "words that begin and end like another one"],
  ["X-Author-Id2", "a person, with a number"],
  ["X-Post-Code", "a place"],
  ["X-Status-Code", "an outcome"],
  ["X-Sacred", "a word that ends like another one"],
  ["Sec-Ch-Ua-Platform", "a preference"],
  ["X-Timecode", "a time"],
  ["X-Design-Id", "a word that ends like another one"],
  ["X-Amz-Date", "a time"],
  ["Traceparent", "links requests"],
  ["Referer", "a URL, which is recorded without its query"],
];

describe("the names of header fields that may not be recorded", () => {
  it.each(SECRET)("include %s", (name) => {
    expect(start(name)).toThrow("auditLog.fields.headers[0] must not name a field that carries");
  });

  it.each(HARMLESS)("do not include %s (%s)", (name) => {
    expect(start(name)).not.toThrow();
  });

  it("are none for the field of the request id either", () => {
    expect(() => auditLog({ sinks, requestId: { header: "Ocp-Apim-Subscription-Key" } })).toThrow(
      "auditLog.requestId.header",
    );
    expect(() => auditLog({ sinks, requestId: { header: "X-Correlation-Id" } })).not.toThrow();
  });
});
