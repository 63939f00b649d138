import type { Request } from "express";
import { handlersBehind, handlersOf } from "../../core/app/app-layers.js";
import { handlersInFront } from "../../core/app/handlers-in-front.js";
import { MountingError } from "../../core/calls/mounting-error.js";
import { guardMark } from "../../core/guard/guard-mark.js";
import { essenceOf, isJsonEssence } from "../../core/http/media-type.js";

/** What kind of parser a media type needs. */
type Kind = "json" | "form" | "text" | "multipart" | "raw";

/** The names that parsers give their middlewares: those of body-parser, multer and this package. */
const PARSERS: Readonly<Record<string, Kind>> = {
  jsonParser: "json",
  jsonBodyMiddleware: "json",
  urlencodedParser: "form",
  formBodyMiddleware: "form",
  textParser: "text",
  multerMiddleware: "multipart",
  rawParser: "raw",
};

/** How a parser of each kind is made, and the media type that it takes without being told. */
const MAKERS: Readonly<
  Record<Exclude<Kind, "multipart" | "form">, readonly [make: string, own: string]>
> = {
  json: ["express.json", "application/json"],
  text: ["express.text", "text/plain"],
  raw: ["express.raw", "application/octet-stream"],
};

/** A field that every parser reads in the same way. Some take no field with an empty parameter, or a tab in it. */
const USUAL_FIELD = /^[^\s;,"]+(?: ?; ?[^\s;,="]+=(?:[^\s;,="]+|"[^"\\\t]*"))*$/;

/** Says why nothing parsed a body whose media type is taken: a mistake of the app, or `undefined`. */
export type UnparsedBodyCheck = (req: Request) => MountingError | undefined;

/**
 * Tells a parser that is mounted wrongly from a media type that nothing here parses. The client chooses the media type,
 * so it must not be able to make an error of the server of it. It is a mistake of the app
 *
 * - when the app has listed this very media type in `contentTypes`; `application/json`, which is in the list by default,
 *   only if the app has no parser for JSON, or
 * - when a parser for such bodies stands behind the validator and none in front, and the field is written as usual.
 *
 * Where one stands in front, too, which media types it takes cannot be seen: that is a warning, once for each kind.
 * Parsers are known by the names of their middlewares.
 */
export function createUnparsedBodyCheck(
  contentTypes: readonly string[],
  isDefaultList: boolean,
  handlerOf: () => unknown,
): UnparsedBodyCheck {
  const warned = new Set<Kind>();

  function warn(kind: Kind): void {
    if (warned.has(kind)) return;
    warned.add(kind);
    process.emitWarning(
      "validate: a body was answered 415, because the parser in front of validate() left it: should the one behind validate() stand in front?",
      { code: "EXPRESS_SECURE_API_PARSER_BEHIND" },
    );
  }

  return (req) => {
    const field = req.headers["content-type"] ?? "";
    if (!USUAL_FIELD.test(field)) return undefined;
    const essence = essenceOf(field);
    const kind = kindOf(essence);
    const listed = contentTypes.includes(essence);
    const hasParser = hasParserFor(kind, req.app);
    const isNamed = listed && !isDefaultList;
    const isBehind = handlersBehind(req.app, handlerOf()).some((handler) =>
      takes(handler, kind, hasParser),
    );
    if (isBehind && !isNamed && hasParserInFront(kind, req, handlerOf())) {
      warn(kind);
      return undefined;
    }
    const isMistake = isBehind || isNamed || (listed && !hasParser);
    return isMistake ? new MountingError(explain(kind, listed ? essence : undefined)) : undefined;
  };
}

/** `express.text()` and `express.raw()` can be made for each other's media types. */
function hasParserInFront(kind: Kind, req: Request, handler: unknown): boolean {
  const isPlain = kind === "text" || kind === "raw";
  return handlersInFront(req, handler).some((inFront) =>
    kindsInFront(inFront).some((own) => {
      return own === kind || (isPlain && (own === "text" || own === "raw"));
    }),
  );
}

/** What a middleware in front parses: one in report mode nothing, and a preset what its parts do. */
function kindsInFront(handler: unknown): readonly (Kind | undefined)[] {
  const mark = typeof handler === "function" ? guardMark(handler) : undefined;
  if (mark === undefined) return [parserKind(handler)];
  return [mark, ...(mark.parts ?? [])].map(({ guard, mode }) =>
    mode === "enforce" ? kindByName(`${guard}Middleware`) : undefined,
  );
}

function kindOf(essence: string): Kind {
  if (isJsonEssence(essence)) return "json";
  if (essence === "application/x-www-form-urlencoded") return "form";
  if (essence.startsWith("text/")) return "text";
  return essence.startsWith("multipart/") ? "multipart" : "raw";
}

/** `express.raw()` can be made for any media type; where the app has another parser for such, it is not meant for it. */
function takes(handler: unknown, kind: Kind, hasParser: boolean): boolean {
  const own = parserKind(handler);
  return own === kind || (own === "raw" && !hasParser);
}

function parserKind(handler: unknown): Kind | undefined {
  return typeof handler === "function" ? kindByName(handler.name) : undefined;
}

function kindByName(name: unknown): Kind | undefined {
  return typeof name === "string" && Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
}

/** On the app, or on one that it is mounted in. */
function hasParserFor(kind: Kind, app: unknown): boolean {
  for (let at = app; typeof at === "function"; at = (at as { parent?: unknown }).parent) {
    for (const handler of handlersOf(at)) if (parserKind(handler) === kind) return true;
  }
  return false;
}

/** @param listed - The media type, if it is one that the app has named. */
function explain(kind: Kind, listed: string | undefined): string {
  return `validate: nothing parsed the request body: mount ${parserFor(kind, listed)} in front of validate()`;
}

function parserFor(kind: Kind, listed: string | undefined): string {
  if (kind === "multipart") return "multer or another parser of multipart bodies";
  if (kind === "form") return "formBody() or express.urlencoded({ extended: false })";
  const [make, own] = MAKERS[kind];
  const type = listed === undefined ? "…" : `"${listed}"`;
  const parser = listed === own ? `${make}()` : `${make}({ type: ${type} })`;
  return kind === "json" ? `jsonBody() or ${parser}` : parser;
}
