export type { Middleware } from "../core/guard/middleware.js";
export type { CorsOptions } from "./cors/cors-options.js";
export type { CrossOriginGuardOptions } from "./cross-origin/cross-origin-guard.js";
export type { HelmetOverrides } from "./headers/helmet-options.js";
export type { HstsOptions } from "./headers/hsts-options.js";
export type { HostsOptions } from "./hosts/hosts-options.js";
export type { HttpsOptions } from "./https/https-options.js";
export { secureHeaders } from "./secure-headers.js";
export type { SecureHeadersOptions } from "./secure-headers-options.js";
