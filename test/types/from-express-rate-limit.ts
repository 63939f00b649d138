import type * as theirs from "express-rate-limit";
import { rateLimit } from "express-secure-api/rate-limit/express-rate-limit";

// Whatever fits express-rate-limit fits here: the options, and what apps make of them.
declare const options: Partial<theirs.Options>;
declare const all: theirs.Options;
rateLimit(options);
rateLimit(all);
// Stores that were written for it: as classes with its types, and as objects.
declare class DatabaseStore implements theirs.Store {
  prefix: string;
  init(options: theirs.Options): void;
  get(key: string): Promise<theirs.ClientRateLimitInfo | undefined>;
  increment(key: string): Promise<theirs.IncrementResponse>;
  decrement(key: string): Promise<void>;
  resetKey(key: string): Promise<void>;
}
rateLimit({ store: new DatabaseStore() });
declare const theirStore: theirs.Store;
rateLimit({ store: theirStore });
declare const theirLegacyStore: theirs.LegacyStore;
rateLimit({ store: theirLegacyStore });
// And its handlers.
declare const theirHandler: theirs.RateLimitExceededEventHandler;
rateLimit({ handler: theirHandler });
