export type { EnrichOptions, LookUpCaller } from "./enrichment.js";
export type { AmbiguousKind, PathOptions } from "./path-check.js";
export type { RouteRow, RouteTable, RowLimit } from "./routes/row-options.js";
export { type SecureApi, secureApi } from "./secure-api.js";
export type { SecureApiOptions } from "./secure-api-options.js";
