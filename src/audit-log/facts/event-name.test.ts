import { describe, expect, it } from "vitest";
import { refusalEvent, requestEvent } from "./event-name.js";

describe("event names", () => {
  it.each<[string, number, string | undefined, string]>([
    ["authentication_required", 401, "no_credentials", "authn_login_fail WARN"],
    ["invalid_request", 400, "duplicate_authorization", "authn_login_fail WARN"],
    ["invalid_token", 401, "token_expired", "authn_login_fail WARN"],
    ["invalid_token", 401, "token_revoked", "authn_token_reuse CRITICAL"],
    ["insufficient_scope", 403, undefined, "authz_fail CRITICAL"],
    ["access_denied", 403, "missing_role", "authz_fail CRITICAL"],
    ["rate_limit_exceeded", 429, "limit_exceeded", "excess_rate_limit_exceeded WARN"],
    ["cors_not_allowed", 403, undefined, "malicious_cors CRITICAL"],
    ["cross_origin_blocked", 403, "origin_mismatch", "malicious_cors CRITICAL"],
    ["validation_failed", 422, "body", "input_validation_fail WARN"],
    ["validation_failed", 422, "unknown_field", "malicious_extraneous CRITICAL"],
    ["malformed_json", 400, undefined, "input_validation_fail WARN"],
    ["unsupported_media_type", 415, "media_type", "input_validation_fail WARN"],
    ["body_too_large", 413, undefined, "input_validation_fail WARN"],
    ["keys_unavailable", 503, "keys_timeout", "api_request ERROR"],
    ["internal_error", 500, "application_error", "api_request ERROR"],
    ["constructor", 403, undefined, "input_validation_fail WARN"],
  ])("calls the refusal %s (%d, %s) %s", (code, status, reason, expected) => {
    const { name, severity } = refusalEvent(code, status, reason);
    expect(`${name} ${severity}`).toBe(expected);
  });

  it("calls an unanswered request an ordinary one", () => {
    expect(requestEvent(undefined)).toEqual({ name: "api_request", severity: "INFO" });
  });
});
