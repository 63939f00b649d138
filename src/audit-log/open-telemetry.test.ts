import { AsyncLocalStorage } from "node:async_hooks";
import * as api from "@opentelemetry/api";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { auditLog, getRequestContext, type OpenTelemetryTraceApi } from "./index.js";

const SPAN = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  traceFlags: 1,
};
const CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const storage = new AsyncLocalStorage<api.Context>();
beforeAll(() => {
  api.context.setGlobalContextManager({
    active: () => storage.getStore() ?? api.ROOT_CONTEXT,
    with: (context, run, receiver, ...values) =>
      storage.run(context, () => Reflect.apply(run, receiver, values)),
    bind: (_context, target) => target,
    enable: () => undefined as never,
    disable: () => undefined as never,
  });
});
afterAll(() => api.context.disable());

describe.each(expressVersions)("a traced app on Express %s", (_major, express) => {
  async function recordOf(
    openTelemetry: unknown,
    span?: api.SpanContext,
  ): Promise<Record<string, unknown>> {
    const infos: Record<string, unknown>[] = [];
    const sinks = [
      new Transport({
        log(info, next) {
          infos.push(info);
          next();
        },
      }),
    ];
    const trace = {
      openTelemetry: openTelemetry as OpenTelemetryTraceApi,
      trustedPeers: ["127.0.0.1", "::1"],
    };
    const app = express();
    app.use((_req, _res, next) => {
      const context = api.context.active();
      const inside = span ? api.trace.setSpan(context, api.trace.wrapSpanContext(span)) : context;
      api.context.with(inside, next);
    });
    app.use(auditLog({ sinks, trace, context: true }));
    app.use((_req, res) => void res.json(getRequestContext()));
    const { body } = await request(app).get("/").set("traceparent", CALLER).expect(200);
    return { ...infos.find((info) => "http.request.id" in info), body };
  }

  it("has the ids of its active span in the record and the context, whatever the caller sends", async () => {
    const record = await recordOf(api, SPAN);
    expect(record).toMatchObject({
      trace_id: SPAN.traceId,
      span_id: SPAN.spanId,
      trace_flags: "01",
      body: { traceId: SPAN.traceId, spanId: SPAN.spanId, traceFlags: "01" },
    });
  });

  it("continues the trace of a trusted caller where no span is active", async () => {
    const record = await recordOf(api);
    expect(record["trace_id"]).toBe(CALLER.slice(3, 35));
    expect(record["span_id"]).not.toBe(CALLER.slice(36, 52));
  });

  it.each<[string, unknown]>([
    [
      "throws",
      () => {
        throw new Error("x");
      },
    ],
    ["returns null", () => null],
    ["is a promise that is rejected", () => Promise.reject(new Error("x"))],
    [
      "has a context that is a promise, which is rejected",
      () => ({ spanContext: () => Promise.reject(new Error("x")) }),
    ],
    ["returns nonsense", () => 42],
    ["has no context", () => ({ spanContext: () => undefined })],
    [
      "has a context that throws",
      () => ({
        spanContext() {
          throw new Error("x");
        },
      }),
    ],
    ["has an invalid trace", () => ({ spanContext: () => ({ ...SPAN, traceId: "0".repeat(32) }) })],
    [
      "has a trace in capitals",
      () => ({ spanContext: () => ({ ...SPAN, traceId: "A".repeat(32) }) }),
    ],
    ["has an invalid span", () => ({ spanContext: () => ({ ...SPAN, spanId: "0".repeat(16) }) })],
    ["has a hostile span", () => ({ spanContext: () => ({ ...SPAN, spanId: '","x":"' }) })],
    [
      "has objects as ids",
      () => ({ spanContext: () => ({ ...SPAN, traceId: { toString: () => SPAN.traceId } }) }),
    ],
  ])("goes on with ids of its own when the active span %s", async (_name, getActiveSpan) => {
    const record = await recordOf({ trace: { getActiveSpan } });
    expect(record["trace_id"]).toBe(CALLER.slice(3, 35));
    expect(record["span_id"]).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    [0, "00"],
    [3, "03"],
    [255, "03"],
    [Number.NaN, "00"],
    ["1", "00"],
  ])("writes the flags %s as %s", async (traceFlags, flags) => {
    const getActiveSpan = () => ({ spanContext: () => ({ ...SPAN, traceFlags }) });
    expect(await recordOf({ trace: { getActiveSpan } })).toMatchObject({ trace_flags: flags });
  });
});

describe("trace.openTelemetry", () => {
  const unreadable = {
    get trace() {
      throw new Error("x");
    },
  };

  it.each<[string, unknown]>([
    ["true", true],
    ["an object", {}],
    ["another API", { trace: {} }],
    ["null", null],
    ["the name of the module", "@opentelemetry/api"],
    ["what does not let itself be read", unreadable],
  ])("must be the module, not %s", (_name, openTelemetry) => {
    expect(() => auditLog({ trace: { openTelemetry: openTelemetry as never } })).toThrow(
      "auditLog.trace.openTelemetry must be the module @opentelemetry/api",
    );
  });
});
