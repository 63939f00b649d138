import type { HelmetSettings } from "./helmet-headers.js";

/**
 * The `api` preset, in helmet's terms: for answers that are data, never pages.
 *
 * `base-uri`, `form-action` and `frame-ancestors` do not fall back to `default-src` (CSP Level 3 §6), so they are
 * spelt out. What has an effect on documents only is off: it would be bytes on every answer.
 */
export const API_PRESET: HelmetSettings = record({
  contentSecurityPolicy: record({
    useDefaults: false,
    directives: record({
      "default-src": ["'none'"],
      "base-uri": ["'none'"],
      "form-action": ["'none'"],
      "frame-ancestors": ["'none'"],
    }),
  }),
  crossOriginEmbedderPolicy: false,
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: record({ policy: "same-origin" }),
  originAgentCluster: false,
  referrerPolicy: record({ policy: "no-referrer" }),
  strictTransportSecurity: record({ maxAge: 63_072_000, includeSubDomains: true }),
  xContentTypeOptions: true,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: record({ action: "deny" }),
  xPermittedCrossDomainPolicies: false,
  xPoweredBy: true,
  xXssProtection: false,
});

/** Without a prototype: helmet must not find what somebody put on `Object.prototype`. */
function record(members: HelmetSettings): HelmetSettings {
  return Object.freeze(Object.assign(Object.create(null), members));
}
