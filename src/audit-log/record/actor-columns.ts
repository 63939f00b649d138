import type { Actor } from "../facts/actor.js";
import type { RequestFacts } from "../facts/request-facts.js";
import type { Privacy } from "../privacy/privacy.js";
import { jsonText, optionalText } from "../text/json-text.js";
import type { Column } from "./record-table.js";

const MAX_ROLES = 32;
const MAX_ROLE_LENGTH = 64;

/** Who called: `audit.actor.*` and `user.roles`. */
export function createActorColumns(privacy: Privacy): readonly Column<RequestFacts>[] {
  return [
    {
      name: "audit.actor.client_id",
      read: ({ actor }) => optionalText(actor?.clientId),
      quoted: true,
    },
    { name: "audit.actor.id", read: ({ actor }) => idOf(actor, privacy), quoted: true },
    { name: "audit.actor.tenant", read: ({ actor }) => optionalText(actor?.tenant), quoted: true },
    { name: "audit.actor.type", read: ({ actor }) => typeOf(actor), quoted: true },
    // Who a person is to the service is of interest where it was refused something.
    {
      name: "user.roles",
      read: ({ actor, verdict: { outcome, reported } }) =>
        outcome === "success" && reported === undefined ? undefined : rolesOf(actor),
    },
  ];
}

function idOf(actor: Actor, privacy: Privacy): string | undefined {
  if (actor === null) return "anonymous";
  if (actor === undefined) return "unknown";
  return optionalText(privacy.subject(actor));
}

function typeOf(actor: Actor): string {
  if (actor === null) return "anonymous";
  return actor === undefined ? "unknown" : actor.kind;
}

function rolesOf(actor: Actor): string | undefined {
  if (!actor || actor.roles.length === 0) return undefined;
  const roles = actor.roles.slice(0, MAX_ROLES).map((role) => jsonText(role, MAX_ROLE_LENGTH));
  if (actor.roles.length > MAX_ROLES) roles.push(`"...+${actor.roles.length - MAX_ROLES}"`);
  return `[${roles.join(",")}]`;
}
