import type { Request } from "express";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { type PathPattern, parsePathPattern, restricts } from "./path-pattern.js";

const PATTERNS = [
  "/admin/:id",
  "/admin",
  "/",
  "GET /admin/:id",
  "/admin/:id/keys",
  "/admin/*",
  "GET /*",
];

const segment = fc.oneof(
  fc.constantFrom(
    "admin",
    "ADMIN",
    "keys",
    "5",
    "a%2Fb",
    "%61dmin",
    "%41dmin",
    "admin%2F5",
    "admin;x=1",
    "a\\b",
  ),
  fc.constantFrom("", ".", "..", "%", "%ff", ";", "\\", "%5c", "*", "(", "@", ":id"),
  fc.webPath().map((path) => path.replaceAll("/", "")),
  fc.string({ maxLength: 5 }).map((text) => text.replaceAll(/[\s?#]/g, "")),
);
const ending = fc.constantFrom("", "/", "//", "?x=1", "?x=/admin/5", "#x");
const method = fc.constantFrom("GET", "HEAD", "POST");

/** Request targets, half of which have the form of the pattern in some spelling. */
function targetsFor(pattern: PathPattern): fc.Arbitrary<string> {
  const alike = pattern.segments.map((literal) =>
    literal === undefined ? segment : fc.mixedCase(fc.constant(literal)),
  );
  const segments = fc.oneof(fc.tuple(...alike), fc.array(segment, { maxLength: 4 }));
  return fc.tuple(segments, ending).map(([names, end]) => `/${names.join("/")}${end}`);
}

/** What Express calls the same thing in a route. */
function routeOf(pattern: PathPattern, major: string): string | string[] {
  const inner = pattern.segments
    .map((literal) => (literal === undefined ? "/:id" : `/${literal}`))
    .join("");
  if (!pattern.below) return inner || "/";
  return major === "4" ? [inner || "/", `${inner}/*`] : `${inner}{/*rest}`;
}

function mountedAt(mount: string, pattern: string): PathPattern {
  const path = pattern.slice(pattern.indexOf("/"));
  const whole = path === "/" && mount !== "" ? mount : mount + path;
  return parsePathPattern(pattern.replace(path, whole)) as PathPattern;
}

describe.each(expressVersions)("restricts against the router of Express %s", (major, express) => {
  it.each(PATTERNS.flatMap((text) => ["", "/api/v1"].map((mount) => [text, mount] as const)))(
    "covers every request that a route for %s answers below %j",
    (text, mount) => {
      const pattern = parsePathPattern(text) as PathPattern;
      const whole = mountedAt(mount, text);
      let reached: Request | undefined;
      const inner = express.Router();
      inner[pattern.method === "GET" ? "get" : "all"](routeOf(pattern, major), (req) => {
        reached = req;
      });
      const outer = express.Router();
      outer.use(mount || "/", inner);
      let answered = 0;
      fc.assert(
        fc.property(
          method,
          targetsFor(pattern),
          fc.mixedCase(fc.constant(mount)),
          (verb, target, prefix) => {
            reached = undefined;
            const req = Object.create(express.request, {
              method: { value: verb },
              url: { value: prefix + target, writable: true },
              headers: { value: {} },
            }) as Request;
            outer(req, {} as never, () => undefined);
            if (reached === undefined) return;
            answered += 1;
            expect(restricts(whole, reached)).toBe(true);
          },
        ),
        { numRuns: 1000 },
      );
      expect(answered).toBeGreaterThan(20);
    },
  );
});
