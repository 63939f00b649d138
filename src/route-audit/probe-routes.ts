import type { Express, RequestHandler } from "express";
import type { Layer } from "../core/app/app-layers.js";
import { readOptions } from "../core/options/options-reader.js";
import { AppMap } from "./discovery/app-map.js";
import { refuseRequest } from "./discovery/check-app.js";
import { type Endpoint, findEndpoints, pathTo } from "./discovery/find-endpoints.js";
import { EnteredRoutes } from "./discovery/route-chain.js";
import { methodsFor } from "./guards/request-kinds.js";
import { Coverage } from "./passages/coverage.js";
import { sampleUrls } from "./passages/sample-urls.js";
import { ProbeServer, type Shot } from "./probe/probe-server.js";
import { type ProbeRequest, watchProbes } from "./probe/probe-watch.js";
import type { ProbeAnswer, ProbedRoute, ProbeOutcome, ProbeReport } from "./report/probe-report.js";
import { spread } from "./samples/spread.js";

/** Options of {@link probeRoutes}. */
export interface ProbeRoutesOptions {
  /**
   * Middlewares that the requests of the probe are led past, each the very function that is mounted: what opens sessions
   * in a database, for example. None that guards.
   */
  readonly skip?: readonly RequestHandler[] | undefined;
}

const MAX_URLS = 6;
const AT_ONCE = 8;
/** For a route of all methods. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const MALFORMED = "{";

/**
 * Requests every route of an app without credentials, and tells which requests nothing refused. It finds what
 * `auditRoutes` cannot see: handlers that answer in front of the guard of their route, or lead past it, and error handlers
 * that go on.
 *
 * The requests go through the app itself, on a free port of 127.0.0.1. The last handler of each route is not called; all
 * that stands in front of it is, as it would be for a stranger: what a limit counts and a log writes is counted and
 * written. Each request seems to come over TLS from an address of its own in 127.0.0.0/8. Every route gets its methods,
 * HEAD beside GET, its path as declared, in upper case and with a slash at the end, and a body of malformed JSON.
 *
 * It does not find what needs credentials, another header or another parameter, and nothing on WebSockets.
 *
 * @throws OptionsError when an option is wrong. TypeError when it is given no Express app or router.
 */
export function probeRoutes(app: Express, options: ProbeRoutesOptions = {}): Promise<ProbeReport> {
  refuseRequest("probeRoutes", app);
  const reader = readOptions<ProbeRoutesOptions>("probeRoutes", options, { skip: true });
  const skipped = new Set(
    (reader.items("skip") ?? []).map(({ value, note }) => {
      if (typeof value !== "function") note("must be a middleware that is mounted in the app");
      return value;
    }),
  );
  reader.finish();
  return probe(app, skipped);
}

async function probe(app: Express, skipped: ReadonlySet<unknown>): Promise<ProbeReport> {
  const map = new AppMap(app);
  try {
    return await probeAll(app, map, skipped);
  } finally {
    map.close();
  }
}

async function probeAll(
  app: Express,
  map: AppMap,
  skipped: ReadonlySet<unknown>,
): Promise<ProbeReport> {
  const endpoints = findEndpoints(map).filter(({ kind }) => kind !== "handler");
  const layers = map.allLayers();
  const classes = new Set(layers.map((layer): object => Object.getPrototypeOf(layer)));
  watchProbes(classes);
  const server = new ProbeServer(app);
  try {
    await server.listen();
    const coverage = new Coverage(map);
    const routes: ProbedRoute[] = [];
    for (const endpoint of endpoints) {
      routes.push(await probeEndpoint(endpoint, coverage, server, skipped));
    }
    return Object.freeze({ routes: Object.freeze(routes) });
  } finally {
    await server.close();
  }
}

async function probeEndpoint(
  endpoint: Endpoint,
  coverage: Coverage,
  server: ProbeServer,
  skipped: ReadonlySet<unknown>,
): Promise<ProbedRoute> {
  const about = { method: endpoint.method, path: pathTo(endpoint) };
  const shots = shotsAt(endpoint, coverage);
  const target = endpoint.steps.at(-1)?.layer;
  if (target === undefined || shots.length === 0) {
    const reason = "no path could be made up that leads there";
    return Object.freeze({ ...about, outcome: "not probed", answers: Object.freeze([]), reason });
  }
  const answers: ProbeAnswer[] = [];
  for (let start = 0; start < shots.length; start += AT_ONCE) {
    const batch = shots.slice(start, start + AT_ONCE);
    answers.push(
      ...(await Promise.all(batch.map((shot) => fire(shot, requestTo(target, skipped), server)))),
    );
  }
  const outcome = outcomeOf(answers, shots);
  const same = answers.filter((answer) => answer.outcome === outcome);
  return Object.freeze({ ...about, outcome, answers: Object.freeze(same) });
}

function shotsAt(endpoint: Endpoint, coverage: Coverage): readonly Shot[] {
  if (endpoint.kind !== "route") return [];
  const methods = methodsFor(endpoint, METHODS);
  const [first = ""] = methods;
  // From all over the list: the first ones would all have the same optional parts.
  const urls = spread(
    sampleUrls(endpoint, []).filter((url) => coverage.follow(endpoint, first, url) !== undefined),
    MAX_URLS,
  );
  const plain = urls.flatMap((url) => methods.map((method) => ({ method, url })));
  const malformed = urls
    .slice(0, 1)
    .flatMap((url) => methods.map((method) => ({ method, url, body: MALFORMED })));
  return [...plain, ...malformed];
}

function requestTo(target: Layer, skipped: ReadonlySet<unknown>): ProbeRequest {
  const entered = new EnteredRoutes();
  return { target, skipped, entered, isReached: false, holder: undefined, isRefused: false };
}

async function fire(shot: Shot, request: ProbeRequest, server: ProbeServer): Promise<ProbeAnswer> {
  const status = await server.send(shot, request);
  const { method, url } = shot;
  return Object.freeze({ method, url, status, outcome: judge(status, method, request) });
}

function judge(
  status: number | undefined,
  method: string,
  request: ProbeRequest,
): ProbeAnswer["outcome"] {
  if (request.isReached) return "reached";
  if (status === undefined) return "unproven";
  if (request.isRefused || request.holder === "protection") return "refused";
  // A brand that demands nothing may stand on what answers. Preflights are answered by what has such a brand.
  const isContent = status >= 200 && status < 300 && method !== "OPTIONS";
  return status < 400 && (request.holder === undefined || isContent) ? "answered" : "unproven";
}

/** The worst of them. A parser that refuses a malformed body proves nothing, for better or worse. */
function outcomeOf(answers: readonly ProbeAnswer[], shots: readonly Shot[]): ProbeOutcome {
  const outcomes = answers.map(({ outcome }) => outcome);
  for (const bad of ["reached", "answered"] as const) if (outcomes.includes(bad)) return bad;
  const plain = outcomes.filter((_outcome, index) => shots[index]?.body === undefined);
  return plain.every((outcome) => outcome === "refused") ? "refused" : "unproven";
}
