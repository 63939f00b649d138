import { allowsStatus, ERROR_CODES, type ErrorCode } from "../../core/refusal/error-code.js";
import { errorMember } from "./error-member.js";

/** Codes of body-parser, raw-body and Express (their `type`), as ours. */
const PARSER_CODES: Readonly<Record<string, ErrorCode>> = {
  "charset.unsupported": "unsupported_charset",
  "encoding.unsupported": "unsupported_content_encoding",
  "entity.parse.failed": "malformed_json",
  "entity.too.large": "body_too_large",
  "parameters.too.many": "structure_too_large",
  "querystring.parse.rangeError": "structure_too_deep",
  "request.aborted": "malformed_body",
  "request.size.invalid": "malformed_body",
  "stream.encoding.set": "internal_error",
  "stream.not.readable": "internal_error",
};

/** Codes of multer (their `code`), whose errors have no status of their own, as ours. */
const UPLOAD_CODES: Readonly<Record<string, ErrorCode>> = {
  INVALID_FIELD_NAME: "bad_request",
  LIMIT_FIELD_ARRAY_INDEX: "structure_too_large",
  LIMIT_FIELD_COUNT: "structure_too_large",
  LIMIT_FIELD_KEY: "structure_too_large",
  LIMIT_FIELD_NESTING: "structure_too_deep",
  LIMIT_FIELD_VALUE: "body_too_large",
  LIMIT_FILE_COUNT: "structure_too_large",
  LIMIT_FILE_SIZE: "body_too_large",
  LIMIT_PART_COUNT: "structure_too_large",
  LIMIT_UNEXPECTED_FILE: "bad_request",
  MISSING_FIELD_NAME: "bad_request",
};

/** Texts of busboy, the form parser of multer, for what the client did wrong: plain errors with nothing else to tell them by. */
const FORM_TEXTS: ReadonlySet<unknown> = new Set([
  "Malformed content type",
  "Malformed part header",
  "Multipart: Boundary not found",
  "Unexpected end of file",
  "Unexpected end of form",
]);

/** Codes of zlib for a compressed body that is broken; body-parser hands its errors on as 400. */
const ZLIB_CODE = /^Z_[A-Z]+_ERROR$/;

/** The codes of errors of which nothing is known but their status: one for each. */
const GENERAL_CODES: readonly ErrorCode[] = [
  "bad_request",
  "unauthorized",
  "forbidden",
  "not_found",
  "method_not_allowed",
  "not_acceptable",
  "request_timeout",
  "conflict",
  "gone",
  "body_too_large",
  "unsupported_media_type",
  "unprocessable_content",
  "too_many_requests",
  "internal_error",
  "service_unavailable",
];

const BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map(
  GENERAL_CODES.map((code) => [ERROR_CODES[code].status, code]),
);

/** Our code for an error of a body parser of Express that has this status, if it is one. */
export function parserCode(error: unknown, status: number): ErrorCode | undefined {
  const code = isZlibError(error)
    ? "malformed_body"
    : lookUp(PARSER_CODES, errorMember(error, "type"));
  // An error of the app may have the type of a parser's and a status of its own: the status stands.
  return code !== undefined && allowsStatus(code, status) ? code : undefined;
}

/** Our code for an error of multer, or of the form parser in it, if it is one. */
export function uploadCode(error: unknown): ErrorCode | undefined {
  const name = errorMember(error, "name");
  if (name === "Error" && FORM_TEXTS.has(errorMember(error, "message"))) return "malformed_body";
  if (name !== "MulterError") return undefined;
  return lookUp(UPLOAD_CODES, errorMember(error, "code"));
}

/** Our code for an error of which only the status is known. */
export function generalCode(status: number): ErrorCode {
  const fallback = allowsStatus("request_refused", status) ? "request_refused" : "internal_error";
  return BY_STATUS.get(status) ?? fallback;
}

function isZlibError(error: unknown): boolean {
  const code = errorMember(error, "code");
  return typeof code === "string" && ZLIB_CODE.test(code);
}

function lookUp(codes: Readonly<Record<string, ErrorCode>>, name: unknown): ErrorCode | undefined {
  return typeof name === "string" && Object.hasOwn(codes, name) ? codes[name] : undefined;
}
