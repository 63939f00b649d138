import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { opens, restricts } from "../../core/http/path-pattern.js";
import { type EffectiveGuard, effectiveGuards, imaginedRequest } from "./effective-guard.js";
import { GuardIndex } from "./guard-index.js";

const PATTERNS = [
  "/*",
  "/a",
  "/a/*",
  "GET /a/b",
  "POST /a/*",
  "/:x",
  "/:x/b",
  "/A/:x",
  "/a/",
  "/b",
];
const URLS = ["/", "/a", "/a/", "/A", "/a/b", "/a/B/", "/b", "//a", "/a/%62", "/a/../b", "/c/b/d"];

describe("the index of guards", () => {
  const list = fc.array(fc.constantFrom(...PATTERNS), { maxLength: 3 });
  const lists = fc.record({ at: list, except: list, elsewhere: list }, { requiredKeys: [] });
  const own = { guard: "g", kind: "authorization", mode: "enforce" } as const;
  const parts = fc.array(fc.record({ outer: lists, inner: fc.array(lists, { maxLength: 2 }) }), {
    maxLength: 5,
  });

  it("says of each guard what holding all its patterns against the request says", () => {
    fc.assert(
      fc.property(
        parts,
        fc.constantFrom(...URLS),
        fc.constantFrom("GET", "HEAD", "POST"),
        (given, url, method) => {
          const guards = effectiveGuards({
            ...own,
            kind: "preset",
            parts: given.map(({ outer, inner }) => ({
              ...own,
              ...outer,
              parts: inner.map((one) => ({ ...own, ...one })),
            })),
          });
          const req = imaginedRequest(method, url, "", url);
          const index = new GuardIndex(guards);
          const found = index.effectsOn(req).map(({ guard, effect }) => [guard, effect]);
          const wanted = guards.flatMap((guard) => {
            const effect = effectOn(guard, req);
            return effect === undefined ? [] : [[guard, effect]];
          });
          expect(found).toEqual(wanted);
          const covered = [...index.covered(req)].map(([guard, { text }]) => [guard, text]);
          expect(new Set(covered.map((pair) => pair[1]))).toEqual(
            new Set(
              guards.flatMap(({ at }) =>
                at.flat().flatMap((one) => (restricts(one, req) ? [one.text] : [])),
              ),
            ),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("runs nowhere where a list of places is empty or cannot be read", () => {
    const guards = [[], ["**"]].flatMap((at) => effectiveGuards({ ...own, at }));
    expect(new GuardIndex(guards).effectsOn(imaginedRequest("GET", "/a", "", "/a"))).toEqual([]);
  });
});

function effectOn(
  { at, except, elsewhere, unclear }: EffectiveGuard,
  req: Parameters<typeof opens>[1],
): "runs" | { openedBy: string } | undefined {
  const isThere = at.every((patterns) => patterns.some((pattern) => restricts(pattern, req)));
  if (unclear || !isThere) return undefined;
  const opening = except.find((pattern) => opens(pattern, req));
  if (opening !== undefined) return { openedBy: opening.text };
  return elsewhere.some((pattern) => restricts(pattern, req)) ? undefined : "runs";
}
