/** What is wrong with one member, in words that show nothing of the request and nothing of the schema. */
export const ISSUE_DETAILS = {
  required: "is required",
  unknown_field: "has a member that is not known here",
  repeated: "must be given once",
  type: "has the wrong type",
  format: "has the wrong format",
  pattern: "does not have the expected pattern",
  enum: "is not one of the allowed values",
  const: "is not the allowed value",
  minimum: "is too small",
  maximum: "is too large",
  multiple_of: "is not a multiple of the expected step",
  min_length: "is too short",
  max_length: "is too long",
  min_items: "has too few items",
  max_items: "has too many items",
  unique_items: "has an item twice",
  contains: "lacks an item that it must contain",
  min_properties: "has too few members",
  max_properties: "has too many members",
  alternatives: "has none of the allowed forms, or several at once",
  not_allowed: "is not allowed here",
  too_complex: "takes too much work to check",
  invalid: "is not valid",
} as const;

/** The stable name of what is wrong with a member. */
export type IssueCode = keyof typeof ISSUE_DETAILS;

/** More issues of one part than this are not looked at: a hostile body can have one per byte. */
export const MAX_ISSUES = 200;

/** One thing that is wrong with one part of a request. */
export interface Issue {
  /** Member names and indexes from the root of the part. For an unknown field, those of its parent. */
  readonly path: readonly string[];
  /** Whether it is about something below the path, which ends where the client named a member. */
  readonly below?: boolean | undefined;
  readonly code: IssueCode;
  /** What the schema asks for, as `must be >= 1`. Shown only with `expose: "full"`. */
  readonly expected?: string | undefined;
  /** The name of an unknown field, or of the member that the client named. Shown only with `expose: "full"`. */
  readonly name?: string | undefined;
}

/** What validating one part gave. */
export interface PartResult {
  readonly value: unknown;
  readonly issues?: readonly Issue[] | undefined;
}

/** Validates the value of one part. What it throws is a fault of the app. */
export type PartCheck = (value: unknown) => PartResult | PromiseLike<PartResult>;
