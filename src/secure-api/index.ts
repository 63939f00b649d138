export { type SecureApi, secureApi } from "./secure-api.js";
export type { SecureApiOptions } from "./secure-api-options.js";
