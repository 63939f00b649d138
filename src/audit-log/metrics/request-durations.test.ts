import { describe, expect, it } from "vitest";
import type { RequestFacts } from "../facts/request-facts.js";
import type { Attributes } from "./audit-metrics.js";
import { RequestDurations } from "./request-durations.js";

interface Kind {
  readonly attributes: Attributes;
  count: number;
}

function newDurations(): { durations: RequestDurations; kinds: Kind[] } {
  const kinds: Kind[] = [];
  const durations = new RequestDurations((attributes) => {
    const kind = { attributes, count: 0 };
    kinds.push(kind);
    return () => {
      kind.count += 1;
    };
  });
  return { durations, kinds };
}

function facts(
  changes: {
    method?: string;
    route?: string | undefined;
    status?: number | undefined;
    aborted?: boolean;
    refusal?: { code: string };
    errorType?: string;
    protocol?: string;
    httpVersion?: string;
  } = {},
): RequestFacts {
  const { method = "GET", protocol = "http", httpVersion = "1.1" } = changes;
  const { aborted = false, refusal, errorType } = changes;
  return {
    entry: { method, startedTick: 0, ended: { tick: 1500, bytes: 0 } },
    req: { protocol, httpVersion },
    route: "route" in changes ? changes.route : "/orders",
    verdict: {
      status: "status" in changes ? changes.status : 200,
      aborted,
      refusal,
      errorType,
    },
  } as unknown as RequestFacts;
}

describe("the durations of requests", () => {
  it("are in seconds", () => {
    const seconds: number[] = [];
    new RequestDurations(() => (value) => seconds.push(value)).observe(facts());
    expect(seconds).toEqual([1.5]);
  });

  it.each<[string, Parameters<typeof facts>[0], string | undefined]>([
    ["what was served", {}, undefined],
    ["what the client did", { status: 404 }, undefined],
    ["a refusal", { status: 403, refusal: { code: "access_denied" } }, undefined],
    ["an outage", { status: 503, refusal: { code: "keys_unavailable" } }, "keys_unavailable"],
    ["an error of the app", { status: 500, errorType: "TypeError" }, "TypeError"],
    ["an answer of the app", { status: 502 }, "502"],
    ["an answer that was cut off", { aborted: true }, "connection_closed"],
    ["no answer", { status: undefined, aborted: true }, "connection_closed"],
  ])("say of %s the type of error", (_what, changes, errorType) => {
    const { durations, kinds } = newDurations();
    durations.observe(facts(changes));
    expect(kinds[0]?.attributes["error.type"]).toBe(errorType);
  });

  it.each<[Parameters<typeof facts>[0], Attributes]>([
    [{ method: "SPACEJUMP" }, { "http.request.method": "_OTHER" }],
    [{ method: "get" }, { "http.request.method": "_OTHER" }],
    [{ method: "QUERY" }, { "http.request.method": "QUERY" }],
    [{ protocol: "https" }, { "url.scheme": "https" }],
    [{ protocol: "javascript" }, { "url.scheme": "http" }],
    [{ httpVersion: "2.0" }, { "network.protocol.version": "2" }],
  ])("of %j have %j", (changes, attributes) => {
    const { durations, kinds } = newDurations();
    durations.observe(facts(changes));
    expect(kinds[0]?.attributes).toMatchObject(attributes);
    expect(Object.isFrozen(kinds[0]?.attributes)).toBe(true);
  });

  it("have no attribute for what is not known", () => {
    const { durations, kinds } = newDurations();
    durations.observe(facts({ route: undefined, status: undefined, httpVersion: "9.9" }));
    expect(kinds[0]?.attributes).toEqual({ "http.request.method": "GET", "url.scheme": "http" });
  });

  it("survive a `trust proxy` function that throws", () => {
    const { durations, kinds } = newDurations();
    const broken = facts();
    Object.defineProperty(broken.req, "protocol", {
      get: () => {
        throw new Error("no");
      },
    });
    durations.observe(broken);
    expect(kinds[0]?.attributes["url.scheme"]).toBe("http");
  });

  it("are of a bounded number of kinds, whatever comes, and none is forgotten", () => {
    const { durations, kinds } = newDurations();
    let observed = 0;
    for (let route = 0; route < 1500; route += 1) {
      durations.observe(facts({ route: `/r${route}` }));
      observed += 1;
    }
    expect(kinds.length).toBe(1001);
    expect(kinds.at(-1)).toEqual({
      attributes: {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "_OTHER",
        "network.protocol.version": "1.1",
        "url.scheme": "http",
      },
      count: 500,
    });
    for (let number = 0; number < 5000; number += 1) {
      durations.observe(facts({ status: 500, errorType: `Error${number}` }));
      durations.observe(facts({ route: "/r1" }));
      observed += 2;
    }
    expect(kinds.length).toBeLessThanOrEqual(2001);
    expect(kinds.at(-1)?.attributes).toEqual({
      "http.request.method": "_OTHER",
      "http.route": "_OTHER",
      "url.scheme": "_OTHER",
    });
    expect(kinds.reduce((sum, { count }) => sum + count, 0)).toBe(observed);
  });
});
