import type { Auth } from "../oauth-guard/index.js";

declare global {
  namespace Express {
    interface Request {
      /**
       * What `oauthGuard` verified; `undefined` without a guard, or behind an optional one without a token. Other
       * packages overwrite and declare this property too: `getAuth(req)` needs no declaration and cannot be overwritten.
       */
      auth?: Auth | undefined;
    }
  }
}
