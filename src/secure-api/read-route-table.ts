import type { Mode } from "../core/guard/guard-options.js";
import { isPrintableAscii } from "../core/http/header-values.js";
import { coversEverything, type PathPattern } from "../core/http/path-pattern.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { isPlainObject } from "../core/options/value.js";
import type { OnDenied } from "../core/refusal/deny.js";
import { checkRows, type Otherwise } from "./routes/check-rows.js";
import { type Row, readRows } from "./routes/read-rows.js";
import type { RowSettings } from "./routes/row-guards.js";
import type { SecureApiOptions } from "./secure-api-options.js";

type Reader = OptionsReader<keyof SecureApiOptions & string>;

/** The table of routes, checked. */
export interface RouteTableSettings {
  readonly rows: readonly Row[];
  readonly otherwise: Otherwise;
  readonly settings: RowSettings;
}

/** What the rows depend on. */
interface Surroundings {
  /** The patterns of `publicRoutes` and its like. */
  readonly publicRoutes: readonly PathPattern[];
  /** Whether nothing in the preset says who calls. */
  readonly namesNobody: boolean;
  /** Whether all that says who calls only reports. */
  readonly isReported: boolean;
  /** The option of `paths` that lets paths with dot segments pass. */
  readonly dotsBy: "allow" | "mode" | undefined;
}

const NO_CALLER =
  "must not say who may call with oauthGuard: false and nothing in authenticate that says who calls: every request would be answered 401. Write authenticate: principalFrom((req) => …), also where the app itself has verified the caller";
const REPORTED =
  'must not enforce beside an oauthGuard or authenticate that only reports, which does not say who calls: every request would be answered 401. Write mode: "report" for the preset, which is the mode of rows and of otherwise, and mode: "enforce" for the parts that shall refuse';
const NO_PARSER =
  "must not be given without jsonBody or formBody: nothing parses a body for it. Write jsonBody: {}; a parser of the app behind the preset then leaves the body alone";

/** Rows cover every reading of a path, but a parameter has one value. */
const DOTS = {
  allow:
    'must not hold "dot-segment" beside a row that looks at a parameter of its pattern, because /users/me/../you has two readings. The row is',
  mode: 'must not be "report" beside an enforcing row that looks at a parameter of its pattern, because /users/me/../you has two readings. The row is',
} as const;

/** Reads `routes` and `otherwise`. `undefined` without a table. */
export function readRouteTable(
  reader: Reader,
  shared: { readonly mode: Mode; readonly onDenied: OnDenied },
): RouteTableSettings | undefined {
  if (!reader.has("routes")) {
    if (reader.has("otherwise")) {
      reader.note(
        "otherwise",
        "must be left out without routes, whose other requests it decides about",
      );
    }
    return undefined;
  }
  const otherwise = reader.oneOf("otherwise", ["authenticated", "deny"], { required: true });
  const settings = { ...shared, realm: realmOf(reader.raw("oauthGuard")) };
  return { rows: readRows(reader, settings), otherwise, settings };
}

/** Notes what contradicts itself in the table, or what the rest of the preset contradicts. */
export function checkRouteTable(
  reader: Reader,
  { rows, otherwise, settings }: RouteTableSettings,
  { publicRoutes, namesNobody, isReported, dotsBy }: Surroundings,
): void {
  const opened = [
    ...publicRoutes.map((pattern) => {
      return { path: `${reader.path}.${optionOf(pattern)}`, pattern, isOptional: false };
    }),
    ...rows.flatMap(({ access, path, pattern }) =>
      access === "public" || access === "optional"
        ? [{ path, pattern, isOptional: access === "optional" }]
        : [],
    ),
  ];
  checkRows(reader.problems, rows, opened, otherwise);
  const enforces = tableEnforces({ rows, settings });
  const restricts =
    otherwise === "authenticated" ||
    rows.some(({ access }) => access === "restricted" || access === "optional");
  if (namesNobody && restricts) reader.note("routes", NO_CALLER);
  else if (isReported && enforces && restricts) reader.note("routes", REPORTED);
  const byParameter = rows.find((row) => row.readsParameters && row.mode === "enforce");
  if (dotsBy !== undefined && byParameter !== undefined) {
    reader.problems.note(`${reader.path}.paths.${dotsBy}`, `${DOTS[dotsBy]} ${byParameter.path}`);
  }
  if (!reader.raw("jsonBody") && !reader.raw("formBody")) {
    for (const { path, validator, takesBody } of rows) {
      if (validator !== undefined && takesBody)
        reader.problems.note(`${path}.validate.body`, NO_PARSER);
    }
  }
}

/** Whether a row, or `otherwise`, refuses anybody. */
export function tableEnforces(
  table: Pick<RouteTableSettings, "rows" | "settings"> | undefined,
): boolean {
  if (table === undefined) return false;
  return table.settings.mode === "enforce" || table.rows.some((row) => row.decides === "enforce");
}

function optionOf(opening: PathPattern): keyof SecureApiOptions {
  return coversEverything(opening) ? "dangerouslyPublicRoutes" : "publicRoutes";
}

/** The realm of the challenges; what is wrong with it is noted where it stands. */
function realmOf(guard: unknown): string {
  const realm = isPlainObject(guard) ? guard["realm"] : undefined;
  if (typeof realm !== "string" || realm === "") return "api";
  return isPrintableAscii(realm) && !/["\\]/.test(realm) ? realm : "api";
}
