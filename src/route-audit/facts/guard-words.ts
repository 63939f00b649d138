import type { GuardDescription } from "../../core/guard/guard-mark.js";
import type { AuditedRoute, OpaqueHandler } from "../report/route-report.js";
import { guardsOf } from "./route-facts.js";

/** Guards of these kinds say who may use a route; the others are there for everybody. */
const DECIDING: readonly GuardDescription["kind"][] = [
  "authentication",
  "authorization",
  "validation",
  "limit",
  "public",
];

/** The guards of a route that decide about requests, one by one. */
export function decidingGuards(entry: AuditedRoute | OpaqueHandler): readonly GuardDescription[] {
  return guardsOf(entry).filter(({ kind }) => DECIDING.includes(kind));
}

/** A guard in a few words, not escaped: `requireRole role(admin)`, `oauthGuard (optional)`. */
export function guardInWords(guard: GuardDescription): string {
  const { rule, optional, mode } = guard;
  const notes = [optional === true ? "optional" : "", mode === "report" ? "report only" : ""];
  const shown = notes.filter((note) => note !== "").join(", ");
  const words = [guard.guard, rule ?? "", shown === "" ? "" : `(${shown})`];
  return words.filter((word) => word !== "").join(" ");
}
