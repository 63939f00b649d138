export type { TlsOptions, TlsProfile } from "./tls/profile.js";
export { tlsOptions } from "./tls-options.js";
