import { isExpress4 } from "../core/app/app-layers.js";
import { createGuard } from "../core/guard/guard.js";
import { GUARD_OPTIONS, type GuardOptions, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { createBodyHandler } from "./content/body-handler.js";
import { formLimits, parseForm } from "./content/parse-form.js";

/** Options of {@link formBody}. */
export interface FormBodyOptions extends GuardOptions {
  /**
   * The largest body, also after decompression. A size such as `"1mb"`, at most `"1gb"`. A larger body is answered 413
   * `body_too_large`, before reading if its `Content-Length` is too large. @default "100kb"
   */
  readonly limit?: string | undefined;
  /** How many fields a form may have, 1 to 10,000. More are answered 413 `structure_too_large`. @default 1000 */
  readonly fields?: number | undefined;
  /**
   * Whether brackets in names make objects and lists, as with `express.urlencoded({ extended: true })`: `a[b]=1` is
   * `{ a: { b: "1" } }`. Without it, `a[b]` is a name like any other. @default false
   */
  readonly extended?: boolean | undefined;
  /**
   * How deep lists and objects may be nested, 2 to 1,000: `a=1` is 1 deep, `a[b]=1` and `a=1&a=2` are 2 deep; 400
   * `structure_too_deep`. Only with `extended`. @default 20
   */
  readonly depth?: number | undefined;
  /**
   * Paths whose body is left for another parser, such as a webhook that needs the raw bytes: `"POST /webhooks/*"`.
   * Only the exact spelling of a path matches.
   */
  readonly except?: string | readonly string[] | undefined;
}

const MEDIA_TYPE = "application/x-www-form-urlencoded";

const KEYS: OptionKeys<FormBodyOptions> = {
  limit: true,
  fields: true,
  extended: true,
  depth: true,
  except: true,
  ...GUARD_OPTIONS,
};

const RAW_BYTES =
  'the raw bytes are not handed out, leave the path to a parser that keeps them: except: ["POST /webhooks/*"]';
const UTF8_ONLY = "leave it out, forms are read as UTF-8, and any other charset is refused";

/** What other packages call these options. */
export const FORM_BODY_HINTS: Hints<FormBodyOptions> = {
  parameterLimit: "fields",
  maxFields: "fields",
  bodyLimit: "limit",
  maxSize: "limit",
  maxBodySize: "limit",
  maxDepth: "depth",
  exclude: "except",
  skip: 'no function decides what is left unread, name the paths in except: ["POST /webhooks/*"]',
  unless: "except",
  verify: RAW_BYTES,
  rawBody: RAW_BYTES,
  type: "leave it out, only application/x-www-form-urlencoded is read",
  inflate: "leave it out, gzip, deflate and br are decompressed, and limit counts what comes out",
  charsetSentinel: UTF8_ONLY,
  defaultCharset: UTF8_ONLY,
  interpretNumericEntities: UTF8_ONLY,
  arrayLimit: "leave it out, a list has at most as many items as the form may have fields",
};

/** A list of the values of one name is the only nesting of a form without brackets. */
const FLAT_DEPTH = 2;

/**
 * Reads HTML forms (`application/x-www-form-urlencoded`) into `req.body`, and refuses what parsers read in different ways:
 * anything but UTF-8, malformed percent-encoding, names without text, `__proto__`, NUL; with `extended` also brackets that
 * do not fit together, and a name that is both a value and an object. Takes the place of `express.urlencoded()`; a body
 * parser mounted later finds the body read.
 *
 * A name that stands several times becomes a list. All values are text. Other media types, paths in `except`, requests
 * without content, and bodies that somebody read are left alone. `req.body` is what `express.urlencoded()` of the same major
 * leaves, also where nothing is read. Content codings: gzip, deflate, br. It reads no `multipart/form-data`.
 *
 * Answers 400 `malformed_body`, `invalid_encoding`, `duplicate_key`, `forbidden_key`, `forbidden_character`,
 * `structure_too_deep`; 413 `body_too_large`, `structure_too_large`; 415 `unsupported_media_type`, `unsupported_charset`,
 * `unsupported_content_encoding`. In report mode the body is given back to whatever parses next.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://url.spec.whatwg.org/#application/x-www-form-urlencoded
 */
export function formBody(options: FormBodyOptions = {}): Middleware {
  const reader = readOptions<FormBodyOptions>(
    "formBody",
    options,
    KEYS,
    FORM_BODY_HINTS,
    "formBody()",
  );
  const limit = reader.size("limit", { default: "100kb", max: "1gb" });
  const fields = reader.integer("fields", { default: 1000, min: 1, max: 10_000 });
  const extended = reader.boolean("extended");
  const depth = reader.integer("depth", { default: 20, min: FLAT_DEPTH, max: 1000 });
  if (reader.has("depth") && !extended) {
    reader.note("depth", "must be left out without extended: true: nothing is nested then");
  }
  const except = readPathPatterns(reader, "except", "leave formBody out") ?? [];
  const guardOptions = readGuardOptions(reader);
  reader.finish();
  const guard = createGuard("formBody", "validation", guardOptions);
  const settings = { fields, extended, depth: extended ? depth : FLAT_DEPTH };
  const limits = formLimits(settings);

  return guard.middleware(
    createBodyHandler(guard, {
      mediaType: MEDIA_TYPE,
      reads: (essence) => essence === MEDIA_TYPE,
      limit,
      except,
      // node:querystring, which Express 4 takes for flat forms, makes objects without a prototype.
      parse: (bytes, req) => parseForm(bytes, settings, limits, !extended && isExpress4(req.app)),
    }),
  );
}
