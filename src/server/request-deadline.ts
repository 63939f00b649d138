import { createGuard } from "../core/guard/guard.js";
import { readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { readOptions } from "../core/options/options-reader.js";
import type { DeadlineSettings } from "./deadline/deadline.js";
import { createExpiry } from "./deadline/expiry.js";
import { RequestTime } from "./deadline/request-time.js";
import { readTimeout, readTimeouts } from "./deadline/timeouts.js";
import {
  REQUEST_DEADLINE_HINTS,
  REQUEST_DEADLINE_KEYS,
  type RequestDeadlineOptions,
} from "./request-deadline-options.js";

/**
 * Answers in the place of a handler that takes too long: the client gets one answer, the handler a signal to stop.
 *
 * Answers 503 `deadline_exceeded`, without `Retry-After`, when no answer has begun within `timeout`. What the handler
 * answers afterwards is ignored, and no further handler begins; its errors reach the error handlers. An answer that has begun
 * may take as long as it wants, unless it writes nothing for `idle`: then its connection is cut off. A deadline that a
 * client sends counts for nothing.
 *
 * Give `getDeadlineSignal(req)` to what the handler waits for, or the work goes on for nobody. Routes get more time in `routes`,
 * by `extendDeadline(req, "2m")`, or by a `requestDeadline` of their own: the innermost one counts.
 *
 * It cannot interrupt what keeps the event loop busy, and it does not bound how long a request takes to arrive: that is
 * `requestTimeout` of the server.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4
 */
export function requestDeadline(options: RequestDeadlineOptions): Middleware {
  const reader = readOptions<RequestDeadlineOptions>(
    "requestDeadline",
    options,
    REQUEST_DEADLINE_KEYS,
    REQUEST_DEADLINE_HINTS,
    'requestDeadline({ timeout: "30s" })',
  );
  const timeoutOf = readTimeouts(reader, readTimeout(reader, "timeout", { required: true }));
  const idle = reader.has("idle") ? readTimeout(reader, "idle") : undefined;
  const guardOptions = readGuardOptions(reader);
  reader.finish();
  const guard = createGuard("requestDeadline", "availability", guardOptions);
  const settings: DeadlineSettings = {
    enforced: guard.enforced,
    idle,
    expire: createExpiry(guard),
  };

  return guard.middleware((req, res, next) => {
    RequestTime.begin(settings, timeoutOf(req), req, res, next);
    guard.pass(next);
  });
}
