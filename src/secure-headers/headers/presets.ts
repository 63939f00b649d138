import type { HelmetSettings } from "./helmet-headers.js";

/** The names of the presets. */
export type PresetName = "api" | "web" | "helmet";

/** A set of headers that the other options change. */
export interface Preset {
  /** In helmet's terms; what is not named is helmet's own. */
  readonly helmet: HelmetSettings;
  /** What `Permissions-Policy` turns off, where `permissionsPolicy` says nothing else. */
  readonly deniedFeatures: readonly string[];
  /** Whether the content policy has `upgrade-insecure-requests` too, over TLS. */
  readonly upgradesOverTls: boolean;
  /** Whether `Strict-Transport-Security` stands on every answer, as helmet has it, where `hsts` says nothing else. */
  readonly pinsEverywhere: boolean;
  /** When `Cache-Control: no-store` is sent, where `cacheControl` says nothing else. */
  readonly cacheControl: CacheControl;
}

/** `"authenticated"`: on answers to requests that carry a cookie or `Authorization`. */
export type CacheControl = "no-store" | "authenticated" | false;

const HSTS = record({ maxAge: 63_072_000, includeSubDomains: true });

/**
 * What a page seldom needs and what does harm in the hands of a script that got into it. Only names that browsers know:
 * they warn of others.
 */
const DENIED_FEATURES = [
  "accelerometer",
  "camera",
  "display-capture",
  "geolocation",
  "gyroscope",
  "hid",
  "idle-detection",
  "local-fonts",
  "local-network-access",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "serial",
  "usb",
  "xr-spatial-tracking",
];

/**
 * The presets.
 *
 * `api` is for answers that are data, never pages. `base-uri`, `form-action` and `frame-ancestors` do not fall back to
 * `default-src` (CSP Level 3 §6), so they are spelt out. What has an effect on documents only is off: it would be bytes
 * on every answer.
 *
 * `web` is for pages whose scripts and styles are files of the same origin. Its `Referrer-Policy` is not `no-referrer`,
 * because browsers would then send `Origin: null` with the forms of the app's own pages (Fetch, "append a request
 * `Origin` header"). `upgrade-insecure-requests` over plain HTTP would break pages where there is no TLS.
 *
 * `helmet` is what helmet sets by itself.
 */
export const PRESETS: Readonly<Record<PresetName, Preset>> = Object.freeze({
  api: {
    helmet: record({
      contentSecurityPolicy: policy({
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
      }),
      crossOriginEmbedderPolicy: false,
      crossOriginOpenerPolicy: false,
      crossOriginResourcePolicy: record({ policy: "same-origin" }),
      originAgentCluster: false,
      referrerPolicy: record({ policy: "no-referrer" }),
      strictTransportSecurity: HSTS,
      xContentTypeOptions: true,
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xFrameOptions: record({ action: "deny" }),
      xPermittedCrossDomainPolicies: false,
      xPoweredBy: true,
      xXssProtection: false,
    }),
    deniedFeatures: [],
    upgradesOverTls: false,
    pinsEverywhere: false,
    cacheControl: "no-store",
  },
  web: {
    helmet: record({
      contentSecurityPolicy: policy({
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
        // Style sheets such as that of Bootstrap hold small images.
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
      }),
      crossOriginEmbedderPolicy: false,
      crossOriginOpenerPolicy: record({ policy: "same-origin-allow-popups" }),
      crossOriginResourcePolicy: record({ policy: "same-origin" }),
      originAgentCluster: true,
      referrerPolicy: record({ policy: "strict-origin-when-cross-origin" }),
      strictTransportSecurity: HSTS,
      xContentTypeOptions: true,
      xDnsPrefetchControl: record({ allow: false }),
      xDownloadOptions: false,
      xFrameOptions: record({ action: "sameorigin" }),
      xPermittedCrossDomainPolicies: record({ permittedPolicies: "none" }),
      xPoweredBy: true,
      xXssProtection: false,
    }),
    deniedFeatures: DENIED_FEATURES,
    upgradesOverTls: true,
    pinsEverywhere: false,
    cacheControl: "authenticated",
  },
  helmet: {
    helmet: record({}),
    deniedFeatures: [],
    upgradesOverTls: false,
    pinsEverywhere: true,
    cacheControl: false,
  },
});

function policy(directives: HelmetSettings): HelmetSettings {
  return record({ useDefaults: false, directives: record(directives) });
}

/** Without a prototype: helmet must not find what somebody put on `Object.prototype`. */
function record(members: HelmetSettings): HelmetSettings {
  return Object.freeze(Object.assign(Object.create(null), members));
}
