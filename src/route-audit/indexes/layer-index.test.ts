import type { RequestHandler, Router } from "express";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { routerVersions } from "../../../test/support/express.js";
import { guardFor } from "../../../test/support/route-audit/matrix-app.js";
import type { Layer } from "../../core/app/app-layers.js";
import { AppMap } from "../discovery/app-map.js";
import { LayerIndex } from "./layer-index.js";

const answer: RequestHandler = (_req, res) => void res.send("ok");
const handler: RequestHandler = (_req, res) => void res.send("ok");

const SHARED = ["/a", "/A/b", "/a/", "/a/b", "/:x", "/a/:x", "/:x/b", "/", "", "/a.b", "/a-:x"];
const OF_4 = ["*", "/a*", "/a/*", "/a?", "/a/?b", "/a/:x?", "/a/:x?b", "/a(/b)?", "/:x(\\d+)/b"];
const OF_5 = ["/a{/:x}", "/a/{b}", "{/a}/b", "/*rest", "/a/*rest", "/a{b}/c", "/:x{-:y}"];
const EXPRESSIONS = [/^\/a/, /b$/, /^\/(?:a|b)\/?$/i];
const PATHS = ["/", "/a", "/A", "/ab", "/a/", "/a//b", "/a/b", "/a/b/", "/a.b", "/a-1", "/1/b"];
const MORE_PATHS = ["//a", "/b", "/a/b/c", "/a/b/b", "/a/a/b", "/a/1/b/c", "/%61", "/a%2Fb", "/ac"];

/** A tree of what is mounted: guards, routes, handlers and routers. */
type Mounted =
  | { readonly kind: "guard" | "route" | "handler"; readonly path: string | RegExp }
  | { readonly kind: "router"; readonly path: string | RegExp; readonly inner: readonly Mounted[] };

describe.each(routerVersions)("the index of layers on Express %s", (version, express) => {
  const paths = [...SHARED, ...(version === "4" ? OF_4 : OF_5), ...EXPRESSIONS];
  const path = fc.constantFrom<string | RegExp>(...paths);
  const { tree } = fc.letrec<{ tree: readonly Mounted[]; one: Mounted }>((tie) => ({
    tree: fc.array(tie("one"), { maxLength: 5 }),
    one: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.record({ kind: fc.constantFrom("guard" as const, "route", "handler"), path }),
      fc.record({ kind: fc.constant("router" as const), path, inner: tie("tree") }),
    ),
  }));

  function mount(target: Pick<Router, "get" | "use">, mounted: readonly Mounted[]): void {
    for (const one of mounted) {
      // Express 4 mounts nothing at the empty text.
      const at = one.path === "" ? "/" : one.path;
      if (one.kind === "route") target.get(at, answer);
      else if (one.kind === "router") {
        const router = express.Router({ strict: at === "/a", caseSensitive: at === "/A/b" });
        mount(router, one.inner);
        target.use(at, router);
      } else target.use(at, one.kind === "guard" ? guardFor() : handler);
    }
  }

  it("finds every layer that Express runs for a path, and matters", () => {
    fc.assert(
      fc.property(tree, (mounted) => {
        const app = express();
        mount(app, mounted);
        const map = new AppMap(app);
        const index = new LayerIndex(map.root, map);
        for (const url of [...PATHS, ...MORE_PATHS]) {
          const found = index.find(url);
          const missing = map.root.filter(
            (layer) => matters(map, layer, url) && !found.includes(layer),
          );
          expect([url, ...missing.map(({ name }) => name)]).toEqual([url]);
          expect(found).toEqual(map.root.filter((layer) => found.includes(layer)));
        }
        map.close();
      }),
      { numRuns: 60 },
    );
  });

  it("finds few of many", () => {
    const app = express();
    for (let index = 0; index < 50; index += 1) app.get(`/r${index}/:id`, answer);
    const map = new AppMap(app);
    expect(new LayerIndex(map.root, map).find("/R7/x")).toEqual([map.root[7]]);
    map.close();
  });
});

/** Whether the layer runs for the path, and a guard or a route with it. */
function matters(map: AppMap, layer: Layer, path: string): boolean {
  const taken = map.match(layer, path);
  if (taken === undefined) return false;
  const inside = map.inside(layer);
  if (inside.kind !== "router") return inside.kind !== "nothing";
  const rest = path.slice(taken);
  const inner = rest.startsWith("/") ? rest : `/${rest}`;
  for (const one of inside.layers) {
    const { kind } = map.inside(one);
    if (map.match(one, inner) === undefined) continue;
    // Nothing behind a handler counts.
    if (kind === "handler") return false;
    if (kind !== "router" || matters(map, one, inner)) return true;
  }
  return false;
}
