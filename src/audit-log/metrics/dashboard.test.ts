import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as client from "prom-client";
import { describe, expect, it } from "vitest";
import { referencePages } from "../../../test/support/reference-pages.js";
import { prometheusMetrics } from "../index.js";
import { COUNTERS, REQUEST_DURATION, SINK_PENDING } from "./instruments.js";

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly datasource?: unknown;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query?: unknown;
    }[];
  };
}

/** As Grafana writes the variable. */
const SOURCE = `$${"{datasource}"}`;
const ROOT = resolve(__dirname, "../../..");
const dashboard = JSON.parse(
  readFileSync(join(ROOT, "docs/dashboards/grafana.json"), "utf8"),
) as Dashboard;
const texts = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.map(({ query }) => JSON.stringify(query) ?? ""),
];
const register = new client.Registry();
prometheusMetrics({ client, register });

/** What Prometheus sees of our metrics, with the labels of each. */
async function published(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const instruments = [REQUEST_DURATION, ...COUNTERS, SINK_PENDING];
  const metrics = await register.getMetricsAsJSON();
  for (const [index, { name, type }] of metrics.entries()) {
    const labels = (instruments[index]?.attributes ?? []).map((label) =>
      label.replaceAll(".", "_"),
    );
    const ends = String(type) === "histogram" ? ["_bucket", "_count", "_sum"] : [""];
    for (const end of ends) found.set(name + end, labels);
  }
  return found;
}

describe("the dashboard for Grafana", () => {
  it("asks for metrics that the library publishes, and for nothing else", async () => {
    const known = await published();
    const asked = texts.flatMap((text) => text.match(/\b(?:http_server|secureapi)_\w+/g) ?? []);
    const metrics = asked.filter((name) => !/^http_server_re\w+_code$/.test(name));
    expect(metrics.length).toBeGreaterThan(20);
    expect(metrics.filter((name) => !known.has(name))).toEqual([]);
    // The other way round: nothing of ours is missing.
    const shown = new Set(metrics);
    expect([...known.keys()].filter((name) => !shown.has(name) && !name.endsWith("_sum"))).toEqual(
      [],
    );
  });

  it("groups and selects by labels that these metrics have", async () => {
    const labels = new Set([...(await published()).values()].flat());
    const used = texts.flatMap((text) => [
      ...[...text.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/)),
      ...[...text.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label = ""]) => label),
    ]);
    // Of Prometheus itself, and of histograms.
    const common = ["job", "instance", "le"];
    expect(used.length).toBeGreaterThan(20);
    expect(used.filter((label) => !labels.has(label) && !common.includes(label))).toEqual([]);
  });

  it("lets the user choose the data source, and has panels with ids of their own", () => {
    const [source] = dashboard.templating.list;
    expect(source).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const others = panels.filter(
      ({ type, datasource }) =>
        type !== "row" &&
        JSON.stringify(datasource) !== JSON.stringify({ type: "prometheus", uid: SOURCE }),
    );
    expect(others).toEqual([]);
  });
});

describe("the page about metrics", () => {
  it("names every instrument with its attributes, and no other", () => {
    const page = referencePages().find(({ name }) => name === "metrics.md");
    const table = page?.tables.find(({ head }) => head.includes("attributes"));
    const rows = table?.rows.map(({ name = "", attributes = "" }) => [
      name.replaceAll("`", ""),
      attributes.replaceAll("`", "").split(/,\s*/).filter(Boolean),
    ]);
    const instruments = [REQUEST_DURATION, ...COUNTERS, SINK_PENDING];
    expect(rows).toEqual(instruments.map(({ name, attributes }) => [name, attributes]));
  });
});
