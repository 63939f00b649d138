import type { Request } from "express";
import { reachesBelow } from "../core/http/path-pattern.js";
import type { Policy } from "./policies/policy.js";

/**
 * Looks, at the first request, whether each policy can match anything where the limiter is mounted: patterns are held
 * against the whole path, so `/login` limits nothing under `/api`. A warning (`process.emitWarning`) names those that
 * cannot. In the preset a check of its own does that.
 */
export function createMountCheck(policies: readonly Policy[]): (req: Request) => void {
  let done = !policies.some(({ match, phase }) => match !== undefined && phase === undefined);
  return function checkMount(req) {
    if (done) return;
    done = true;
    const mount = req.baseUrl;
    const idle = policies.filter(({ match }) => match?.every((one) => !reachesBelow(one, mount)));
    if (idle.length === 0) return;
    const names = idle.map(({ name }) => name).join(", ");
    const patterns = idle.flatMap(({ match }) => match?.map(({ text }) => text) ?? []).join(", ");
    process.emitWarning(
      `rateLimit: no request can match the patterns of ${names}, because it is mounted at ${mount} and patterns are held against the whole path: ${patterns}. Put the path of the mount in front of them.`,
      { code: "EXPRESS_SECURE_API_UNREACHABLE_PATTERN", type: "SecurityWarning" },
    );
  };
}
