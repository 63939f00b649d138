import type { AlertKeyKind } from "./rules/alert.js";
import type { AlertRequest } from "./rules/alert-options.js";
import type { Things } from "./rules/default-rules.js";

/** What rules count something by that happened: a request, an event of the app about one, or a connection. */
export interface AlertTraits {
  /** The name of the event. */
  readonly event: string;
  /** Of IPv6 the network. */
  readonly address: string | undefined;
  readonly subject: string | undefined;
  /** Whether the subject is a service, whose name is no secret. */
  readonly isService: boolean;
  /** As a digest. */
  readonly account: string | undefined;
  readonly token: string | undefined;
  readonly route: string | undefined;
  /** The path that was asked for, without its query. */
  readonly target: string | undefined;
  readonly requestId: string | undefined;
  /** As a rule of the app sees it, where there is a request. */
  readonly request: AlertRequest | undefined;
}

/** One customer usually holds a whole network of this size (RFC 6177 §2). */
export const IPV6_PREFIX = 64;

/** The key of this kind. */
export function keyOf(traits: AlertTraits, kind: AlertKeyKind): string | undefined {
  switch (kind) {
    case "address":
    case "subject":
    case "account":
    case "token":
    case "route":
      return traits[kind];
    default:
      return kind === "all" ? "all" : undefined;
  }
}

/** What is told apart. */
export function thingOf(traits: AlertTraits, things: Things): string | undefined {
  if (things === "accounts") return traits.account ?? traits.subject;
  if (things === "subjects") return traits.subject;
  if (things === "addresses") return traits.address;
  if (things === "targets") return traits.target;
  // What no route took is told apart by its path.
  return traits.route ?? traits.target;
}
