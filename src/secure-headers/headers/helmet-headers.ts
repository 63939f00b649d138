import helmet from "helmet";
import { type RecordedHeaders, recordHeaders } from "./header-recorder.js";

/** Settings under helmet's own names; each is `true`, `false` or the options of one header. */
export type HelmetSettings = Readonly<Record<string, unknown>>;

/** The headers that helmet sets with these settings. @throws Error when helmet refuses them. */
export function helmetHeaders(settings: HelmetSettings): RecordedHeaders {
  return recordHeaders(helmet(settings), {});
}
