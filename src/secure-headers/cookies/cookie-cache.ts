import { headValue } from "../../core/answer/head-fields.js";
import type { AnswerWatcher } from "../../core/answer/watch-answer.js";

/**
 * Keeps answers that set a cookie out of caches, unless they say themselves how they may be stored: a cache in between
 * would give the session of one visitor to the next one. A cookie alone keeps no cache from storing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-7.3
 */
export const cookieCacheWatcher: AnswerWatcher = Object.freeze({
  onHead(_req, res, _status, fields) {
    const sets = headValue(res, fields, "set-cookie");
    if (sets !== undefined && headValue(res, fields, "cache-control") === undefined) {
      res.setHeader("Cache-Control", "no-store");
    }
    return fields;
  },
} satisfies AnswerWatcher);
