import type { SystemRecord } from "../record/system-record.js";
import type { IntegritySettings } from "./read-integrity.js";
import type { RecordStream } from "./record-stream.js";
import type { Seals } from "./seals.js";
import { type SealedLog, SignedSeals } from "./signed-seals.js";

/** Makes the seals that the option `integrity` asks for. */
export function createSeals(settings: IntegritySettings, log: SealedLog): Seals {
  if (typeof settings === "object") return new SignedSeals(settings, log);
  return unsigned(log.stream, log.systemRecord, settings === "chain");
}

/** Nobody signs: the last record says that it is the last one. */
function unsigned(stream: RecordStream, systemRecord: SystemRecord, isChained: boolean): Seals {
  const last = isChained ? { "audit.sequence.end": true } : {};
  return {
    firstFields: {},
    begin: () => undefined,
    rotated: () => undefined,
    sealSoon: () => undefined,
    ready: undefined,
    end: (fields) =>
      stream.end([
        { make: (id) => systemRecord(id, "sys_monitor_disabled", { ...fields, ...last }) },
      ]),
    told: () => Promise.resolve(),
  };
}
