import { createLoadShedding, type LoadShedding } from "../../src/server/create-load-shedding.js";
import type { LoadSheddingOptions } from "../../src/server/load-shedding-options.js";
import type { LoadReading } from "../../src/server/overload/load-reading.js";

const LATE: LoadReading = { eventLoopDelay: 5000, utilization: 1, waiting: 1, heap: 0.5 };

/** A `loadShedding` that takes the process for overloaded, as it would be after two seconds of that. */
export function overloaded(options: LoadSheddingOptions): LoadShedding {
  let tell: (reading: LoadReading, windows: number) => void = () => undefined;
  const shedding = createLoadShedding(options, (listener) => {
    tell = listener;
    return () => undefined;
  });
  for (let reading = 0; reading < 4; reading += 1) {
    // Readings count while requests come.
    const exchange = [{ headers: {} }, {}] as unknown as Parameters<LoadShedding>;
    shedding(exchange[0], exchange[1], () => undefined);
    tell(LATE, 4);
  }
  return shedding;
}
