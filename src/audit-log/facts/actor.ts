import type { Request } from "express";
import { identifiedCaller } from "../../core/principal/enrichment.js";
import type { Principal } from "../../core/principal/principal.js";

/** `null`: nobody is authenticated. `undefined`: the app's own mapping fails. */
export type Actor = Principal | null | undefined;

/** Who called. Never throws: the record must be written all the same. */
export function actorOf(req: Request): Actor {
  try {
    return identifiedCaller(req);
  } catch {
    return undefined;
  }
}
