import { coversEverything, type PathPattern } from "../../core/http/path-pattern.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { ROW_KEYS, type RouteRow } from "./row-options.js";

/**
 * What a row says about who may call: nothing at all, everybody, everybody but with a valid token if there is one, those
 * whom its guards let pass, or nobody.
 */
export type Access = "unsaid" | "public" | "optional" | "restricted" | "denied";

type RowReader = OptionsReader<keyof RouteRow>;

/**
 * Reads what the row says about who may call; what is wrong is noted with the reader.
 *
 * @param restricts - Whether it has guards.
 */
export function readAccess(reader: RowReader, pattern: PathPattern, restricts: boolean): Access {
  if (reader.has("deny") && reader.raw("deny") !== true) {
    reader.problem("deny", "true", "leave it out where callers may pass");
  }
  const opening = OPENING.find((name) => reader.has(name));
  if (opening !== undefined) {
    checkOpening(reader, pattern, opening, restricts);
    return opening;
  }
  if (pattern.slash === true) {
    const end = `write "${pattern.text.slice(0, -1)}", which covers both`;
    reader.note(
      "",
      `must not have a pattern that ends with "/", unless it is public or optional: ${end}`,
    );
  }
  if (!reader.has("deny")) return restricts ? "restricted" : "unsaid";
  if (
    Object.keys(ROW_KEYS).some((name) => !BESIDE_DENY.includes(name) && reader.has(name as "use"))
  ) {
    reader.note(
      "deny",
      "must stand alone, or with except and mode: nothing else of the row would ever run",
    );
  }
  return "denied";
}

/** Why the row is open. */
export function readReason(
  reader: RowReader,
  opening: (typeof OPENING)[number],
): string | undefined {
  if (typeof reader.raw(opening) !== "boolean") return reader.string(opening);
  reader.problem(
    opening,
    "a non-empty string",
    'write why it is open: "the load balancer asks it"',
  );
  return undefined;
}

/** The stricter one counts where both stand, which is an error. */
const OPENING = ["optional", "public"] as const;

function checkOpening(
  reader: RowReader,
  pattern: PathPattern,
  opening: (typeof OPENING)[number],
  restricts: boolean,
): void {
  if (restricts || reader.has("deny")) {
    const sentence = "must not stand beside what says who may call: the row is open, or it is not";
    reader.note(opening, sentence);
  }
  if (OPENING.every((name) => reader.has(name))) {
    reader.note(opening, "must not stand beside public: there, no token is looked at");
  }
  if (!coversEverything(pattern)) return;
  const fix =
    opening === "public"
      ? `write dangerouslyPublicRoutes: ["${pattern.text}"]`
      : "name those that are meant";
  reader.note(opening, `must not open every route: ${fix}`);
}

const BESIDE_DENY: readonly string[] = ["deny", "except", "mode"];
