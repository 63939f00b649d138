import type { Middleware } from "../core/guard/middleware.js";
import type { OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { createAuthorization } from "./guard/create-authorization.js";
import {
  REQUIRE_HINTS,
  REQUIRE_KEYS,
  type RequireOptions,
  readRequireOptions,
} from "./guard/require-options.js";
import {
  readStepUp,
  STEP_UP_HINTS,
  STEP_UP_KEYS,
  type StepUpOptions,
  stepUpRule,
} from "./rules/step-up.js";

/** Options of {@link requireStepUp}. */
export interface RequireStepUpOptions extends StepUpOptions, RequireOptions {}

const KEYS: OptionKeys<RequireStepUpOptions> = { ...REQUIRE_KEYS, ...STEP_UP_KEYS };

/**
 * Lets pass only callers who have logged in recently, or strongly, enough: `requireStepUp({ acr: "phr", maxAge: "5m" })`.
 *
 * Nobody authenticated: 401 `authentication_required`. Another login is needed: 401 `insufficient_user_authentication`,
 * with a challenge that says which (RFC 9470 §3).
 *
 * @throws {@link OptionsError} when nothing is asked, or an option is wrong.
 * @see https://www.rfc-editor.org/rfc/rfc9470
 */
export function requireStepUp(options: RequireStepUpOptions): Middleware {
  const reader = readOptions<RequireStepUpOptions>(
    "requireStepUp",
    options,
    KEYS,
    { ...REQUIRE_HINTS, ...STEP_UP_HINTS },
    'requireStepUp({ maxAge: "5m" })',
  );
  const settings = readStepUp(reader);
  const checked = readRequireOptions(reader);
  reader.finish();

  return createAuthorization("requireStepUp", stepUpRule(settings), checked);
}
