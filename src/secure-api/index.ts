export type { SecureApiOptions } from "./secure-api-options.js";
export { type SecureApi, secureApi } from "./secure-api.js";
