export { DAY, HOUR, MINUTE, SECOND } from "./default-options.js";
export { ipKeyGenerator } from "./ip-key-generator.js";
export type {
  ClientRateLimitInfo,
  DraftHeadersVersion,
  EnabledValidations,
  ExpressRateLimitOptions,
  IncrementCallback,
  IncrementResponse,
  LegacyStore,
  Logger,
  LoggerFn,
  Options,
  RateLimitExceededEventHandler,
  RateLimitInfo,
  Store,
  ValueDeterminingMiddleware,
} from "./options/options.js";
export {
  type AugmentedRequest,
  type RateLimitRequestHandler,
  rateLimit,
  // biome-ignore lint/style/noDefaultExport: the imports of apps that come from express-rate-limit.
  rateLimit as default,
} from "./rate-limit.js";
export { MemoryStore, type MemoryStoreOptions } from "./stores/memory-store.js";
