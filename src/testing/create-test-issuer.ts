import { randomUUID } from "node:crypto";
import { OptionsError } from "../core/options/options-error.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertNotMounted } from "../core/options/uncalled-factory.js";
import { describeValue, isPlainObject } from "../core/options/value.js";
import {
  createSigningKey,
  type SigningKey,
  signText,
  TEST_ALGORITHMS,
  type TestAlgorithm,
  type TestJwkSet,
} from "./signing-key.js";

/** Options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /** The claim `iss` of its tokens. @default "https://issuer.test/" */
  readonly issuer?: string | undefined;
  /** The claim `aud` of its tokens. @default "https://api.test/" */
  readonly audience?: string | undefined;
  /** What its tokens are signed with. @default "ES256" */
  readonly algorithm?: TestAlgorithm | undefined;
}

/** Options of {@link TestIssuer.mint}. */
export interface MintOverrides {
  /** Header parameters, over the usual `alg`, `kid` and `typ`. `undefined` leaves one out. */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Signs with a key that the issuer never publishes, under its `kid`: a forged token.
   * @default false
   */
  readonly forged?: boolean | undefined;
}

/** What {@link TestIssuer.options} returns. */
export interface TestGuardOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: () => TestJwkSet;
  readonly discovery: undefined;
  readonly jwksUri: undefined;
  readonly publicKey: undefined;
  readonly secret: undefined;
  readonly anyTokenType: undefined;
}

/** An issuer of access tokens in the memory of the test. */
export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** The key set as it is now. */
  readonly jwks: TestJwkSet;
  /**
   * Signs an access token (`at+jwt`) that is valid for five minutes: `iss`, `aud`, `sub`
   * ("test-user"), `client_id` ("test-client"), `iat`, `exp` and `jti`, with `claims` over them. A
   * claim of `undefined` is left out.
   */
  mint(claims?: Readonly<Record<string, unknown>>, overrides?: MintOverrides): string;
  /** Replaces the key: tokens minted before are refused from now on. */
  rotate(): void;
  /** Takes the keys away (503), or gives them back with `false`. */
  outage(on?: boolean): void;
  /**
   * Options with which `oauthGuard` and `createTokenVerifier` accept its tokens. Spread them last
   * over the options of production: they replace its issuer and every other source of keys.
   */
  options(): TestGuardOptions;
}

const LIFETIME_SECONDS = 300;
const NO_OTHER_KEYS = {
  discovery: undefined,
  jwksUri: undefined,
  publicKey: undefined,
  secret: undefined,
  // Stands only beside a secret.
  anyTokenType: undefined,
};

/**
 * Makes an issuer for tests: real keys, real signatures, no network, nothing to mock. Works in
 * every test runner.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 */
export function createTestIssuer(options: TestIssuerOptions = {}): TestIssuer {
  assertNotMounted("createTestIssuer", options, "oauthGuard(createTestIssuer().options())");
  const reader = readOptions<TestIssuerOptions>(
    "createTestIssuer",
    options,
    { issuer: true, audience: true, algorithm: true },
    { alg: "algorithm", algorithms: "algorithm", iss: "issuer", aud: "audience" },
    "createTestIssuer()",
  );
  const issuer = reader.string("issuer") ?? "https://issuer.test/";
  const audience = reader.string("audience") ?? "https://api.test/";
  const algorithm = reader.oneOf("algorithm", TEST_ALGORITHMS, { default: "ES256" });
  reader.finish();

  let current = createSigningKey(algorithm);
  let stranger: SigningKey | undefined;
  let isDown = false;

  function publishedKeys(): TestJwkSet {
    if (isDown) throw new Error("the test issuer is down: outage() was called");
    return current.jwks;
  }

  function mint(
    claims: Readonly<Record<string, unknown>> = {},
    overrides: MintOverrides = {},
  ): string {
    if (!isPlainObject(claims)) throw new OptionsError([wrongClaims(claims)]);
    const { header, forged } = readOverrides(overrides);
    const fullHeader = { alg: algorithm, kid: current.kid, typ: "at+jwt", ...header };
    const payload = { iss: issuer, aud: audience, ...usualClaims(), ...claims };
    const input = `${encode(fullHeader)}.${encode(payload)}`;
    if (forged) stranger ??= createSigningKey(algorithm);
    const key = (forged ? stranger : undefined) ?? current;
    return `${input}.${signText(input, algorithm, key.privateKey)}`;
  }

  return Object.freeze({
    issuer,
    audience,
    get jwks() {
      return current.jwks;
    },
    mint,
    rotate(): void {
      current = createSigningKey(algorithm);
    },
    outage(on = true): void {
      isDown = on;
    },
    options: () => ({ ...NO_OTHER_KEYS, issuer, audience, jwks: publishedKeys }),
  });
}

function usualClaims(): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + LIFETIME_SECONDS };
  return { sub: "test-user", client_id: "test-client", ...times, jti: randomUUID() };
}

function wrongClaims(claims: unknown): string {
  return `mint.claims must be an object, got ${describeValue(claims)}: write mint({ sub: "alice" })`;
}

function readOverrides(overrides: MintOverrides): {
  readonly header: Readonly<Record<string, unknown>>;
  readonly forged: boolean;
} {
  const reader = readOptions<MintOverrides>("mint", overrides, { header: true, forged: true });
  const forged = reader.boolean("forged");
  const header = reader.has("header") ? reader.raw("header") : {};
  if (!isPlainObject(header)) reader.problem("header", "an object of header parameters");
  reader.finish();
  return { header: header as Readonly<Record<string, unknown>>, forged };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
