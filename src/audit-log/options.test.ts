import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import winston from "winston";
import Transport from "winston-transport";
import { OptionsError } from "../core/options/options-error.js";
import { type AuditLogOptions, type AuditSink, auditLog, fileSink, stdoutSink } from "./index.js";

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

const silent = new Transport({ log: (_info, next) => next() });
const levelled = new winston.transports.Console({ level: "error" });
const quiet = new winston.transports.Console({ silent: true });
const owned = new winston.transports.Console();
winston.createLogger({ transports: [owned] });

describe("auditLog options", () => {
  it.each<[string, unknown, string]>([
    ["an unknown name", { rotate: "1d" }, 'auditLog must not have an option "rotate"'],
    [
      "options of later versions",
      { attestation: "chain" },
      "auditLog must not have an option with a name of 11 characters: known options are sinks",
    ],
    ["what others call it", { exclude: "/health" }, 'did you mean "except"?'],
    [
      "an option of a part",
      { rotate: { size: "1mb" } },
      "write sinks: [fileSink({ path, rotate })]",
    ],
    [
      "a request id in a field with credentials",
      { requestId: { header: "Authorization" } },
      "auditLog.requestId.header must not name a field that carries credentials",
    ],
    [
      "the package of OpenTelemetry in place of options",
      { trace: { createContextKey: () => 1, context: {}, diag: {}, trace: {} } },
      "auditLog.trace must be options, not the package: write trace: { openTelemetry: api }",
    ],
    ["a peer's name", { transports: [] }, 'did you mean "sinks"?'],
    [
      "no sinks",
      { sinks: [] },
      "auditLog.sinks must be a non-empty list of sinks, got an empty list",
    ],
    ["one sink", { sinks: silent }, "write sinks: [sink]"],
    [
      "a stream",
      { sinks: [process.stdout] },
      "auditLog.sinks[0] must be stdoutSink(), fileSink({ path }) or a winston transport",
    ],
    ["a name of a sink", { sinks: ["stdout"] }, "auditLog.sinks[0] must be stdoutSink()"],
    ["a transport with a level", { sinks: [levelled] }, "auditLog.sinks[0] must not have a level"],
    ["a silent transport", { sinks: [quiet] }, "auditLog.sinks[0] must not be silent"],
    [
      "a transport of a logger",
      { sinks: [owned] },
      "auditLog.sinks[0] must not belong to a winston logger",
    ],
    [
      "a sink twice",
      { sinks: [silent, silent] },
      "auditLog.sinks[1] must not repeat an earlier entry",
    ],
    [
      "fail-operation without a direct sink",
      { sinks: [silent], onFailure: "fail-operation" },
      "auditLog.onFailure can be",
    ],
    [
      "another policy",
      { onFailure: "ignore" },
      'auditLog.onFailure must be one of "continue", "fail-operation", "shutdown"',
    ],
    [
      "an empty service name",
      { service: { name: "" } },
      "auditLog.service.name must be a non-empty string",
    ],
    ["an unknown service option", { service: { nam: "x" } }, 'did you mean "name"?'],
    [
      "no field name",
      { requestId: { header: "x id" } },
      "auditLog.requestId.header must be a field name",
    ],
    [
      "a secret field as request id",
      { requestId: { header: "Authorization" } },
      "auditLog.requestId.header",
    ],
    [
      "an address that is none",
      { requestId: { trustedPeers: ["10.0.0"] } },
      "auditLog.requestId.trustedPeers[0] must be an IP address",
    ],
    [
      "a prefix that is too long",
      { trace: { trustedPeers: ["10.0.0.0/33"] } },
      "auditLog.trace.trustedPeers[0] must be an IP address",
    ],
    ["everybody", { trace: { trustedPeers: ["0.0.0.0/0"] } }, "got one that trusts every address"],
    [
      "a mapped address",
      { trace: { trustedPeers: ["::ffff:10.0.0.0/104"] } },
      "auditLog.trace.trustedPeers[0] must be an IP address",
    ],
    [
      "a trusted peer of the wrong type",
      { trace: { trustedPeers: [true] } },
      "auditLog.trace.trustedPeers[0]",
    ],
    [
      "nine fields",
      { fields: { headers: [..."abcdefghi"] } },
      "auditLog.fields.headers must be a list of at most 8",
    ],
    [
      "a field twice",
      { fields: { headers: ["Via", "via"] } },
      "auditLog.fields.headers[1] must not repeat",
    ],
    [
      "a field name that is none",
      { fields: { headers: ["a b"] } },
      "auditLog.fields.headers[0] must be a header field name",
    ],
    ["another mode", { mode: "audit" }, 'auditLog.mode must be one of "enforce", "report"'],
    ["no options", "stdout", "auditLog must be an options object"],
  ])("refuses %s", (_name, options, problem) => {
    expect(problemsOf(() => auditLog(options as AuditLogOptions)).join("\n")).toContain(problem);
  });

  it.each([
    "Authorization",
    "cookie",
    "Set-Cookie",
    "Proxy-Authorization",
    "X-Api-Key",
    "apikey",
    "X-Auth-Token",
    "X-CSRF-Token",
    "X-Amz-Security-Token",
    "X-Client-Secret",
    "DPoP",
    "X-Session-Id",
    "X-Hub-Signature-256",
  ])("refuses to record the field %s", (name) => {
    expect(problemsOf(() => auditLog({ fields: { headers: [name] } }))).toEqual([
      "auditLog.fields.headers[0] must not name a field that carries credentials",
    ]);
  });

  it("lists all problems at once and prints no value", () => {
    const options = {
      sinks: [],
      service: { name: 1 },
      requestId: { header: "se cret" },
      onFailure: "x",
      rotate: 1,
    };
    const problems = problemsOf(() => auditLog(options as never));
    expect(problems).toHaveLength(5);
    expect(problems.join()).not.toContain("se cret");
  });

  it("takes undefined where nothing is lost by it, winston's transports, and an empty list of fields", async () => {
    const options = { service: undefined, requestId: { trustedPeers: undefined }, trace: {} };
    expect(auditLog(options).name).toBe("auditLogMiddleware");
    const sinks: AuditSink[] = [silent, new winston.transports.Console()];
    const audit = auditLog({ sinks, fields: { headers: [] } });
    expect(
      JSON.parse((audit as unknown as { expressSecureApiGuard: string }).expressSecureApiGuard),
    ).toEqual({
      guard: "auditLog",
      kind: "audit",
      mode: "enforce",
    });
    expect(audit).toHaveLength(3);
  });

  it("does not read an option from a polluted prototype", () => {
    Object.assign(Object.prototype, { onFailure: "fail-operation", sinks: [] });
    try {
      expect(problemsOf(() => auditLog({ sinks: [stdoutSink()] }))).toEqual([]);
    } finally {
      Reflect.deleteProperty(Object.prototype, "onFailure");
      Reflect.deleteProperty(Object.prototype, "sinks");
    }
  });
});

describe("fileSink options", () => {
  it.each<[string, unknown, string]>([
    [
      "nothing",
      undefined,
      "fileSink.path must be a non-empty string, got undefined: it is required",
    ],
    ["an empty path", { path: "" }, "fileSink.path must be a non-empty string"],
    [
      "another moment of writing",
      { path: "/dev/null", write: "tick" },
      'fileSink.write must be one of "turn", "record"',
    ],
    [
      "the name of another package's option",
      { path: "/dev/null", sync: true },
      'write: "record" writes each record before',
    ],
    [
      "a missing directory",
      { path: "/nowhere/at/all/audit.log" },
      "its directory does not exist (ENOENT)",
    ],
    ["a directory", { path: tmpdir() }, "it is a directory (EISDIR)"],
    ["a file below a file", { path: "/etc/passwd/x" }, "the operating system refuses (ENOTDIR)"],
    ["winston's name", { filename: "x" }, 'did you mean "path"?'],
    ["rotation", { path: join(tmpdir(), "x"), maxsize: 1 }, 'must not have an option "maxsize"'],
  ])("refuses %s", (_name, options, problem) => {
    const before = readdirSync("/proc/self/fd").length;
    expect(problemsOf(() => fileSink(options as { path: string })).join("\n")).toContain(problem);
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
  });

  it("refuse a stdoutSink or fileSink of another log, and take a transport that several share", async () => {
    const sinks = [stdoutSink(), silent];
    // Nothing has them before all options are right.
    expect(problemsOf(() => auditLog({ sinks, onFailure: "no" as "continue" }))).toHaveLength(1);
    const log = auditLog({ sinks });
    const problem =
      "auditLog.sinks[0] must not be the sink of another audit log, open or closed: make one for each";
    expect(problemsOf(() => auditLog({ sinks }))).toEqual([problem]);
    await log.close();
    expect(problemsOf(() => auditLog({ sinks }))).toEqual([problem]);
  });
});
