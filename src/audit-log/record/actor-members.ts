import type { Request } from "express";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";
import { jsonMember, jsonText } from "../text/json-text.js";

/** `null`: nobody is authenticated. `undefined`: the app's own mapping fails. */
export type Actor = Principal | null | undefined;

const MAX_ROLES = 32;
const MAX_ROLE_LENGTH = 64;

/** Who called. Never throws: the record must be written all the same. */
export function actorOf(req: Request): Actor {
  try {
    return getPrincipal(req);
  } catch {
    return undefined;
  }
}

/** The members `audit.actor.*`. */
export function actorMembers(actor: Actor): string {
  if (actor === null) return ',"audit.actor.id":"anonymous","audit.actor.type":"anonymous"';
  if (actor === undefined) return ',"audit.actor.id":"unknown","audit.actor.type":"unknown"';
  return (
    jsonMember("audit.actor.client_id", actor.clientId) +
    jsonMember("audit.actor.id", actor.id === "" ? actor.kind : actor.id) +
    jsonMember("audit.actor.tenant", actor.tenant) +
    jsonMember("audit.actor.type", actor.kind)
  );
}

/** The member `user.roles`. */
export function rolesMember(actor: Actor): string {
  if (!actor || actor.roles.length === 0) return "";
  const roles = actor.roles.slice(0, MAX_ROLES).map((role) => jsonText(role, MAX_ROLE_LENGTH));
  if (actor.roles.length > MAX_ROLES) roles.push(`"...+${actor.roles.length - MAX_ROLES}"`);
  return `,"user.roles":[${roles.join(",")}]`;
}
