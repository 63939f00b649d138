import { createLoadShedding, type LoadShedding } from "../../src/server/create-load-shedding.js";
import type { LoadSheddingOptions } from "../../src/server/load-shedding-options.js";
import { IDLE } from "../../src/server/overload/load-reading.js";

/** A `loadShedding` under full pressure, which stays. */
export function overloaded(options: LoadSheddingOptions): LoadShedding {
  return createLoadShedding(
    options,
    (listener) => {
      listener(IDLE, 1);
      return () => undefined;
    },
    () => () => ({ value: 1, reason: "event_loop_busy" }),
  );
}
