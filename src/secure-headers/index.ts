export type { CorsOptions } from "./cors-options.js";
export type { CrossOriginGuardOptions } from "./cross-origin-guard.js";
export type { HelmetOverrides, HstsOptions } from "./helmet-options.js";
export { type SecureHeadersOptions, secureHeaders } from "./secure-headers.js";
