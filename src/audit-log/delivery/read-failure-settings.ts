import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { FailureSettings } from "./failure-policy.js";
import type { AuditFailure } from "./failure-report.js";

const PROBES = 'only probes are served without a record, name their paths, such as "GET /livez"';

/** Reads what is to happen when a sink fails. */
export function readFailureSettings(
  reader: OptionsReader<"onFailure" | "onShutdown" | "healthPaths">,
): FailureSettings {
  const onFailure = reader.oneOf("onFailure", ["continue", "fail-operation", "shutdown"], {
    default: "continue",
  });
  const onShutdown = reader.function<(failure: AuditFailure) => unknown>("onShutdown");
  if (onFailure === "shutdown" && !reader.has("onShutdown")) {
    reader.note(
      "onShutdown",
      'must be a function with onFailure: "shutdown": write onShutdown: () => shutdown.shutdown()',
    );
  } else if (onFailure !== "shutdown" && reader.has("onShutdown")) {
    reader.note("onShutdown", 'is called only with onFailure: "shutdown"');
  }
  const healthPaths = readPathPatterns(reader, "healthPaths", PROBES) ?? [];
  return { onFailure, onShutdown, healthPaths };
}
