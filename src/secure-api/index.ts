export type { SecureApiOptions } from "./options.js";
export { type SecureApi, secureApi } from "./secure-api.js";
