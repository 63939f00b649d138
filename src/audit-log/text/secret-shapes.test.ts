import { describe, expect, it } from "vitest";
import { scrubText } from "./scrub-text.js";
import { redactSecretShapes } from "./secret-shapes.js";

// Put together here, so that scanners of secrets find none in this file.
const made = (...parts: readonly string[]): string => parts.join("");
const DIGITS = "0123456789";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const MIXED = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kM9pR2tV5xY8";
const HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

const SECRETS: readonly (readonly [string, string])[] = [
  ["an AWS access key", made("AKIA", "IOSFODNN7EXAMPLE")],
  ["a temporary AWS key", made("ASIA", "IOSFODNN7EXAMPLE")],
  ["an AWS secret key", made("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12", "ab")],
  ["a GitHub token", made("ghp", "_", MIXED.slice(0, 36))],
  ["a fine-grained GitHub token", made("github_pat", "_11ABCDEFG0", MIXED.slice(0, 20))],
  ["a GitLab token", made("glpat", "-", "xYz12345678901234567")],
  ["an npm token", made("npm", "_", MIXED.slice(0, 36))],
  ["a Slack token", made("xoxb", "-123456789012-", "abcdef")],
  ["a Stripe key", made("sk", "_live_", "4eC39HqLyjWDarjtT1")],
  ["a restricted Stripe key", made("rk", "_test_", "4eC39HqLyjWDarjtT1")],
  ["a Stripe webhook secret", made("whsec", "_", MIXED.slice(0, 24))],
  ["a Google API key", made("AIza", "SyA1234567890abcdefghijklmnopqrstuv")],
  ["a Google access token", made("ya29", ".a0AfH6SMBx_abc-def")],
  ["a Google client secret", made("GOCSPX", "-abcdefghijklmnop")],
  ["an OpenAI key", made("sk", "-proj-", MIXED.slice(0, 30))],
  ["a SendGrid key", made("SG", ".abcdefghijklmnop.", MIXED.slice(0, 30))],
  ["a digest or key in hexadecimal", made(HEX, HEX)],
  ["a random text", MIXED],
  [
    "a private key",
    made("-----BEGIN ", "RSA PRIVATE KEY-----\nMIIB\nAQAB\n-----END ", "RSA PRIVATE KEY-----"),
  ],
  ["a private key that is cut", made("-----BEGIN ", "PRIVATE KEY-----\nMIIBVgIBADANBgk")],
  ["a Visa number", "4111111111111111"],
  ["a grouped card number", "5555-5555-5555-4444"],
  ["an Amex number", "3782 822463 10005"],
];

describe("texts with the form of a secret", () => {
  it.each(SECRETS)("lose %s, alone or in the middle of something", (_name, secret) => {
    expect(redactSecretShapes(secret)).toBe("REDACTED");
    const text = redactSecretShapes(`see ${secret}`);
    expect(text).toBe("see REDACTED");
    expect(redactSecretShapes(`(${secret})`)).not.toContain(secret.slice(4, 14));
  });

  it.each([
    ["password=hunter2", "password=REDACTED"],
    ["db_password: hunter2, host=x", "db_password: REDACTED, host=x"],
    ['{"api_key":"abc","a":1}', '{"api_key":"REDACTED","a":1}'],
    ["client_secret=abc&x=1", "client_secret=REDACTED&x=1"],
    ["sessionid = 4711", "sessionid = REDACTED"],
    ["Bearer abc", "Bearer REDACTED"],
  ])("lose what follows the name of one: %j", (text, scrubbed) => {
    expect(scrubText(text)).toBe(scrubbed);
  });

  it.each([
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3",
    HEX,
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "Root=1-5759e988-bd862e3fe1be46a994272793",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "order-2026-11-26-000000000042",
    "https://shop.example/Catalog/Shoes/Running/Size-42/Colour-Blue/Page-3",
    "application/vnd.example.orders.v2+json;charset=utf-8",
    "en-GB,en;q=0.9,de;q=0.8",
    "1732660000000",
    "a".repeat(100),
    "0".repeat(100),
    "4111111111111112",
    "49 30 901820, ext. 12",
    "the secretary of the token ring",
    "a-very-long-name-with-many-words-and-no-number-in-it-at-all",
    "Überweisung, 世界 👩‍💻",
    "",
  ])("keep what has none: %j", (text) => {
    expect(scrubText(text)).toBe(text);
  });

  it("take time in proportion to their length", () => {
    const hostile = [
      "-----BEGIN A-----".repeat(60_000),
      `-----BEGIN ${" ".repeat(1_000_000)}`,
      "token".repeat(200_000),
      `token${" ".repeat(1_000_000)}`,
      "4".repeat(1_000_000),
      "4 ".repeat(500_000),
      "a".repeat(1_000_000),
      "sk-".repeat(300_000),
      DIGITS.repeat(100_000),
      LETTERS.repeat(40_000),
      "SG.a".repeat(250_000),
    ];
    for (const text of hostile) expect(scrubText(text).length).toBeLessThan(2048);
  });
});
