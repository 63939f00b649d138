import { hash } from "node:crypto";

/** What an id is made of. */
interface Identity {
  readonly kind: "user" | "service" | "anonymous";
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  readonly clientId: string | undefined;
}

/** As long as a text in the audit log: what is longer is cut there. */
const LONGEST_ID = 256;
/** Before the digest: enough to recognise whose id it is. */
const PREFIX_LENGTH = 200;
/** Who is no user named by a subject. A service with a subject of its own may share that with no client either. */
const LABELS = {
  user: { bySubject: "", byClient: "client:" },
  service: { bySubject: "service-account:", byClient: "service:" },
  anonymous: { bySubject: "anonymous:", byClient: "anonymous-client:" },
} as const;
const LABELLED = /^(?:client|service-account|service|anonymous|anonymous-client):/;
const DIGESTED = /\.\.\.#[\w-]{43}$/;
const UNUSUAL = /[^\x20-\x7e]/;
/** What records do not print as it is: two ids that differ in it would look the same there. */
const STEERING = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\ufeff]/gu;

/**
 * The id of a caller: at most 256 characters, and the same for two callers only if kind, issuer and name are. A subject
 * alone is unique only within its issuer (RFC 7519 §4.1.2), and a client may be called like a user (RFC 9700 §4.15).
 *
 * A user is `issuer subject`, or the subject alone; a service has `service:` in front of its name. What is too long, holds
 * characters that steer a terminal, or looks like the id of somebody else, ends in a digest of all of it.
 */
export function principalId({ kind, issuer, subject, clientId }: Identity): string {
  // A client is the same service whether its tokens repeat its name as the subject or have none.
  const isClient = subject === undefined || (kind === "service" && subject === clientId);
  const name = isClient ? clientId : subject;
  if (name === undefined || name === "") return "";
  const label = LABELS[kind][isClient ? "byClient" : "bySubject"];
  const text = withIssuer(issuer, label + name);
  const isPlain = text.length <= LONGEST_ID && !holdsSteering(text) && !DIGESTED.test(text);
  if (isPlain && (label !== "" || !LABELLED.test(name))) return text;
  const digest = hash("sha256", JSON.stringify([label, issuer, name]), "base64url");
  return `${text.slice(0, PREFIX_LENGTH).replace(STEERING, "?")}...#${digest}`;
}

/** Different pairs never give the same text: no space stands in an issuer, and none stands alone before a name. */
function withIssuer(issuer: string | undefined, name: string): string {
  if (issuer !== undefined) return `${issuer} ${name}`;
  return name.includes(" ") ? ` ${name}` : name;
}

function holdsSteering(text: string): boolean {
  return UNUSUAL.test(text) && text.search(STEERING) !== -1;
}
