import { createLoadShedding, type LoadShedding } from "./create-load-shedding.js";
import type { LoadSheddingOptions } from "./load-shedding-options.js";
import { sampleLoad } from "./overload/load-sampler.js";

/**
 * Refuses some requests while the process has more to do than it can, so that it answers the others in time: without that,
 * all wait, clients give up and try again, and what is done at last nobody waits for any more.
 *
 * The process is sampled four times a second, and the middle one of three samples counts: one pause of the garbage collector
 * sheds nothing, nor does what happens while no requests come. While the event loop is late or saturated, or the heap nearly
 * full, pressure grows; then it stays, and it sinks when there is room again. In its lower half more and more `low` requests
 * are refused, in its upper half `normal` ones as well, but never all of them; `critical` ones never. Who is refused is left to chance.
 *
 * Answers 503 `overloaded` with `Retry-After`. A connection whose request has no unread body stays open, because a new one costs more than the answer. Mount it in front of everything that costs something, behind
 * `secureHeaders`, so that pages can read the refusal.
 *
 * It does not limit single clients, and it knows nothing of databases and other services: `rateLimit` and `requestDeadline`
 * do that. Requests that wait for those do not keep the event loop busy.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4
 */
export function loadShedding(options: LoadSheddingOptions = {}): LoadShedding {
  return createLoadShedding(options, sampleLoad);
}
