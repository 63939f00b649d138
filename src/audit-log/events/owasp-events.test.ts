import { describe, expect, it } from "vitest";
import { outcomeOf, severityOf } from "./owasp-events.js";

/** Level and outcome of some names of the vocabulary, and of names of an app. */
const NAMES: Readonly<Record<string, string>> = {
  authn_login_success: "INFO success",
  authn_login_successafterfail: "INFO success",
  authn_login_fail: "WARN failure",
  authn_login_fail_max: "WARN failure",
  authn_login_lock: "WARN failure",
  authn_password_change_fail: "CRITICAL failure",
  authn_impossible_travel: "CRITICAL failure",
  authn_token_reuse: "CRITICAL failure",
  authn_token_revoked: "INFO success",
  authz_admin: "WARN success",
  authz_fail: "CRITICAL failure",
  crypt_decrypt_fail: "WARN failure",
  excess_rate_limit_exceeded: "WARN failure",
  input_validation_discrete_fail: "WARN failure",
  malicious_attack_tool: "CRITICAL failure",
  malicious_excess_404: "WARN failure",
  sensitive_read: "WARN success",
  sequence_fail: "CRITICAL failure",
  session_use_after_expire: "CRITICAL failure",
  sys_crash: "WARN failure",
  upload_validation: "INFO success",
  user_deleted: "WARN success",
  order_shipped: "INFO success",
  payment_fail: "INFO failure",
  login_failed: "INFO failure",
  import_failure: "INFO failure",
  failed_withdrawal: "INFO failure",
  failover_done: "INFO success",
  constructor: "INFO success",
};

describe("an event that says nothing about itself", () => {
  it.each(Object.entries(NAMES))("is, as %s, %s", (name, expected) => {
    expect(`${severityOf(name, outcomeOf(name))} ${outcomeOf(name)}`).toBe(expected);
  });
});
