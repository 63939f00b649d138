import { makeReadsCheap } from "./cheap-reads.js";
import { requestSlot } from "./request-slot.js";

/** V8 before version 13: Node 20 and 22. */
const HAS_UNIQUE_SHAPES = Number.parseInt(process.versions.v8, 10) < 13;

const begun = requestSlot<true>("begun");

/** What the first guard that sees a request does to it, once. */
export const beginRequest: (req: object) => void = HAS_UNIQUE_SHAPES ? beginOnce : () => undefined;

function beginOnce(req: object): void {
  if (begun.get(req) === true) return;
  begun.set(req, true);
  makeReadsCheap(req);
}
