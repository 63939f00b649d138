import { getCiphers, type SecureVersion } from "node:tls";
import { type Choice, type HandshakeTarget, tryHandshake } from "./try-handshake.js";

/** What a server accepts of what this Node.js can offer. */
export interface Accepted {
  /** By version; versions of which none was accepted are not there. */
  readonly suites: ReadonlyMap<SecureVersion, readonly string[]>;
  readonly groups: readonly string[];
  /** The first choice that had a certificate. */
  readonly shown: Choice | undefined;
  /** Handshakes that got no answer, or none to its end, or a no from a server that refused by then what it had accepted before. */
  readonly silent: number;
}

type Offers = Parameters<typeof tryHandshake>[1];

const VERSIONS: readonly SecureVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const TLS13_SUITES = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_CCM_SHA256",
  "TLS_AES_128_CCM_8_SHA256",
];
const GROUPS = ["X25519", "prime256v1", "secp384r1", "secp521r1", "X448"];
const FINITE_FIELD_GROUPS = ["ffdhe2048", "ffdhe3072"];

/** Tries all versions, suites and groups, one connection after the other: about twenty for a server that accepts few. */
export async function listAccepted(target: HandshakeTarget, hybrid: boolean): Promise<Accepted> {
  const suites = new Map<SecureVersion, readonly string[]>();
  let shown: Choice | undefined;
  let silent = 0;
  let accepted: Offers | undefined;
  const attempt = async (offers: Offers): Promise<Choice | undefined> => {
    const choice = await tryHandshake(target, offers);
    if (choice === "silent") silent += 1;
    return typeof choice === "string" ? undefined : choice;
  };
  /** A server that limits connections refuses what it would accept: a no counts while it still says yes elsewhere. */
  const confirmRefusal = async (): Promise<void> => {
    if (accepted === undefined) return;
    if (typeof (await tryHandshake(target, accepted)) === "string") silent += 1;
  };
  for (const version of VERSIONS) {
    const found: string[] = [];
    let rest = offersOf(version);
    while (rest.length > 0) {
      const offers = {
        minVersion: version,
        maxVersion: version,
        ciphers: cipherList(version, rest),
      };
      const choice = await attempt(offers);
      if (choice === undefined) await confirmRefusal();
      if (choice === undefined || !rest.includes(choice.suite)) break;
      accepted ??= offers;
      if (choice.certificate !== undefined) shown ??= choice;
      found.push(choice.suite);
      rest = rest.filter((suite) => suite !== choice.suite);
    }
    if (found.length > 0) suites.set(version, found);
  }
  const groups = [];
  const version = suites.has("TLSv1.3") ? "TLSv1.3" : "TLSv1.2";
  for (const group of suites.has(version) ? groupsOf(version, hybrid) : []) {
    const choice = await attempt({
      minVersion: version,
      maxVersion: version,
      ecdhCurve: group,
      // So that a server cannot choose a key exchange without a group.
      ciphers: cipherList("TLSv1.3", version === "TLSv1.3" ? TLS13_SUITES : []),
    });
    if (choice !== undefined) groups.push(group);
  }
  await confirmRefusal();
  return { suites, groups, shown, silent };
}

/** Level 0 lets weak keys and old versions pass, and stands behind suites before TLS 1.3 only. */
function cipherList(version: SecureVersion, suites: readonly string[]): string {
  return [...suites, ...(version === "TLSv1.3" ? ["ECDHE"] : []), "@SECLEVEL=0"].join(":");
}

function offersOf(version: SecureVersion): readonly string[] {
  if (version === "TLSv1.3") return TLS13_SUITES;
  const names = getCiphers().map((name) => name.toUpperCase());
  return names.filter((name) => !name.startsWith("TLS_"));
}

/** A group that OpenSSL does not know would throw. Those of finite fields have no part in TLS 1.2. */
function groupsOf(version: SecureVersion, hybrid: boolean): readonly string[] {
  if (version !== "TLSv1.3") return GROUPS;
  return [...(hybrid ? ["X25519MLKEM768"] : []), ...GROUPS, ...FINITE_FIELD_GROUPS];
}
