export type { BrowserReport } from "../core/decision/browser-report.js";
export type { Middleware } from "../core/guard/middleware.js";
export type { CorsOptions } from "./cors/cors-options.js";
export type { CrossOriginGuardOptions } from "./cross-origin/cross-origin-guard.js";
export type { CspOptions, NonceDirective } from "./csp/csp-options.js";
export type { HeaderExplanation } from "./explain/explain-headers.js";
export { getCspNonce } from "./get-csp-nonce.js";
export type { HelmetOverrides } from "./headers/helmet-options.js";
export type { HostsOptions } from "./hosts/hosts-options.js";
export type { HstsOptions } from "./hsts/hsts-options.js";
export type { HttpsOptions } from "./https/https-options.js";
export type { HeaderOverrides, PageHeaders, PageProfile } from "./overrides/header-overrides.js";
export type { FeatureAllowlists } from "./policies/permissions-policy.js";
export type { ReportingOptions } from "./policies/reporting.js";
export {
  type ReportCollector,
  type ReportCounts,
  reportCollector,
} from "./report-collector.js";
export type { ReportCollectorOptions } from "./report-collector-options.js";
export { type SecureHeaders, secureHeaders } from "./secure-headers.js";
export type { SecureHeadersOptions } from "./secure-headers-options.js";
export type { UpgradeApp, UpgradeCheck } from "./upgrade-check.js";
