import {
  createSigningKey,
  type SigningKey,
  signText,
  type TestAlgorithm,
} from "../../../src/testing/signing-key.js";

/** A token as the guide shows it. */
export interface TokenShape {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What is sent in place of the token of the guide. */
export interface OtherToken {
  /** Changes of the header and of the claims; `undefined` leaves one out. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Replaces the whole token: an opaque one. */
  readonly text?: string | undefined;
  /** Signed with a key that the provider does not publish. */
  readonly forged?: boolean;
  /** What is changed in the configuration: each first text becomes the second. */
  readonly configuration?: readonly (readonly [string, string])[];
}

/** A token that is accepted, too, and what becomes of it. */
interface AlsoAccepted extends OtherToken {
  readonly principal: object;
}

/** One provider: what it serves, and what the tokens of the guide and others become. */
export interface Provider {
  /** Of its section in the guide. */
  readonly heading: string;
  /** Metadata and key sets by their address. `jwk` is the public key with `kid`. */
  documents(jwk: PublicJwk): Readonly<Record<string, unknown>>;
  /** The principal that the token of the guide becomes. */
  readonly principal: object;
  readonly accepted?: Readonly<Record<string, AlsoAccepted>>;
  /** By the first cell of each row. */
  readonly refused: Readonly<Record<string, OtherToken>>;
  /** The field that the token is sent in. @default "Authorization" */
  readonly field?: string;
}

export type PublicJwk = Readonly<Record<string, unknown>>;

const LIFETIME_SECONDS = 300;
const keys = new Map<string, SigningKey>();

/** The key of the provider for the algorithm, or one that it does not publish. */
function keyFor(algorithm: unknown, forged: boolean): SigningKey {
  const name = algorithm === "ES256" ? "ES256" : "RS256";
  const id = `${name} ${forged}`;
  const key = keys.get(id) ?? createSigningKey(name);
  keys.set(id, key);
  return key;
}

/** The public key under the `kid` of the token, with no more than the key itself. */
export function jwkFor({ header }: TokenShape): PublicJwk {
  const [jwk = {}]: readonly PublicJwk[] = keyFor(header["alg"], false).jwks.keys;
  const { kty, n, e, crv, x, y } = jwk;
  const material = kty === "EC" ? { kty, crv, x, y } : { kty, n, e };
  return { ...material, kid: header["kid"] };
}

/** A token of this shape, valid now, with the changes. */
export function mint(shape: TokenShape, change: OtherToken = {}): string {
  if (change.text !== undefined) return change.text;
  const header = { ...shape.header, ...change.header };
  const input = `${encode(header)}.${encode({ ...inTime(shape.payload), ...change.payload })}`;
  const algorithm: TestAlgorithm = shape.header["alg"] === "ES256" ? "ES256" : "RS256";
  return `${input}.${signText(input, algorithm, keyFor(algorithm, change.forged === true).privateKey)}`;
}

/** A `fetch` that knows these documents and nothing else. */
export function serve(documents: Readonly<Record<string, unknown>>): typeof fetch {
  return async (url) => {
    const document = documents[String(url)];
    if (document === undefined) return new Response("not found", { status: 404 });
    return Response.json(document);
  };
}

function inTime(payload: TokenShape["payload"]): Readonly<Record<string, unknown>> {
  const now = Math.floor(Date.now() / 1000);
  const times: Readonly<Record<string, number>> = { iat: now, nbf: now, auth_time: now };
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      name === "exp" ? now + LIFETIME_SECONDS : (times[name] ?? value),
    ]),
  );
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
