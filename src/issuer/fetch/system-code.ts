/** `fetch` wraps the error of the socket; wrapping it more often than this is nobody's habit. */
const MAX_DEPTH = 6;
/** Codes of Node, OpenSSL and undici. Anything else could be a text, and texts may hold input. */
const CODE = /^[A-Z][A-Z\d_]{1,63}$/;

/**
 * The code of the system's error at the bottom of an error, such as `ECONNREFUSED`, `ENOTFOUND` or
 * `SELF_SIGNED_CERT_IN_CHAIN`; of several (one for each address that was tried) the first.
 */
export function systemCodeOf(error: unknown): string | undefined {
  try {
    return codeAt(error, MAX_DEPTH);
  } catch {
    // An error of the app's own, with a member that throws.
    return undefined;
  }
}

function codeAt(error: unknown, depth: number): string | undefined {
  if (typeof error !== "object" || error === null || depth === 0) return undefined;
  const { cause, code, errors } = error as { cause?: unknown; code?: unknown; errors?: unknown };
  // The cause says more than what wraps it.
  const inner = codeAt(cause, depth - 1);
  if (inner !== undefined) return inner;
  if (typeof code === "string" && CODE.test(code)) return code;
  return Array.isArray(errors) ? codeAt(errors[0], depth - 1) : undefined;
}
