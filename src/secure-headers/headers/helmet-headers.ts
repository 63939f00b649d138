import helmet from "helmet";
import { type RecordedHeaders, recordHeaders } from "./header-recorder.js";

/** Settings under helmet's own names; each is `true`, `false` or the options of one header. */
export type HelmetSettings = Readonly<Record<string, unknown>>;

/** The headers that helmet sets with these settings. @throws Error when helmet refuses them. */
export function helmetHeaders(settings: HelmetSettings): RecordedHeaders {
  return recordHeaders(helmet(settings), {});
}

/** The text of a policy that only reports. @throws Error when helmet refuses it. */
export function reportOnlyPolicy(directives: HelmetSettings): string {
  const { contentSecurityPolicy: make } = helmet;
  // One that only reports may watch a single directive.
  const whole = Object.keys(directives).some((name) => /^default-?src$/i.test(name))
    ? directives
    : { ...directives, "default-src": make.dangerouslyDisableDefaultSrc };
  const middleware = make({ useDefaults: false, reportOnly: true, directives: whole as never });
  const { set } = recordHeaders(middleware, {});
  return set.get("Content-Security-Policy-Report-Only") ?? "";
}
