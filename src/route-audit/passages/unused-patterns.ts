import type { Layer } from "../../core/app/app-layers.js";
import type { PathPattern } from "../../core/http/path-pattern.js";
import type { AppMap } from "../discovery/app-map.js";
import type { Endpoint } from "../discovery/find-endpoints.js";
import type { EffectiveGuard } from "../guards/effective-guard.js";
import { EndpointIndex } from "../indexes/endpoint-index.js";
import type { UnusedPattern } from "../report/route-report.js";
import type { Coverage } from "./coverage.js";

/** Every guard of the app, each once. */
export function guardsOfApp(map: AppMap, coverage: Coverage): readonly EffectiveGuard[] {
  return [...new Set(map.allLayers().flatMap((layer) => guardsOn(layer, map, coverage)))];
}

function guardsOn({ handle }: Layer, map: AppMap, coverage: Coverage): readonly EffectiveGuard[] {
  const mark = map.brandOf(handle);
  return mark === undefined || typeof handle !== "function"
    ? []
    : coverage.guardsOf({ handle, mark });
}

/**
 * The patterns where guards of presets run that cover no endpoint of the app.
 *
 * @param endpoints - All of them; requests to each were followed before.
 */
export function unusedPatterns(
  guards: readonly EffectiveGuard[],
  endpoints: readonly Endpoint[],
  coverage: Coverage,
): readonly UnusedPattern[] {
  const found = new Map<string, UnusedPattern>();
  const index = new EndpointIndex(endpoints);
  for (const guard of guards) {
    for (const pattern of guard.at.flat()) {
      if (coverage.hasCovered(guard, pattern.text) || leadsSomewhere(pattern, index, coverage))
        continue;
      const unused = { guard: guard.description.guard, pattern: pattern.text };
      found.set(JSON.stringify(unused), Object.freeze(unused));
    }
  }
  return [...found.values()];
}

/** A pattern may cover one of the values that a parameter of a route can have. */
function leadsSomewhere(
  { method, segments }: PathPattern,
  endpoints: EndpointIndex,
  coverage: Coverage,
): boolean {
  const url = `/${segments.map((literal) => literal ?? "x1").join("/")}`;
  return endpoints.find(url).some((endpoint) => {
    if (method !== undefined && endpoint.method !== "*" && endpoint.method !== method) return false;
    const tried = method ?? (endpoint.method === "*" ? "GET" : endpoint.method);
    return coverage.follow(endpoint, tried, url) !== undefined;
  });
}
