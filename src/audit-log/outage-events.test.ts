import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { secureHeaders } from "../secure-headers/index.js";
import { auditLog } from "./index.js";

const MESSAGE = Symbol.for("message");
const ORIGIN = "https://app.example.com";

describe.each(expressVersions)("a failing origins function on Express %s", (_major, express) => {
  async function recordOf(
    method: "options" | "get" | "post",
    headers: Record<string, string>,
    mode: "enforce" | "report" = "enforce",
  ): Promise<Record<string, unknown>> {
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const lines: string[] = [];
    const sink = new Transport({
      log(info, next) {
        lines.push(info[MESSAGE]);
        next();
      },
    });
    const app = express();
    app.use(
      auditLog({ sinks: [sink] }),
      secureHeaders({
        mode,
        cors: {
          origins: () => {
            throw new Error("the database is down");
          },
        },
      }),
      (_req, res) => void res.end("ok"),
    );
    await request(app)
      [method]("/")
      .set({ Origin: ORIGIN, ...headers });
    warnings.mockRestore();
    return JSON.parse(lines.find((line) => line.includes("http.request.id")) ?? "");
  }

  it("is a fault of the app, not an attack, where a preflight is refused", async () => {
    expect(await recordOf("options", { "Access-Control-Request-Method": "PUT" })).toMatchObject({
      "audit.decisions": ["secureHeaders:deny:cors_not_allowed"],
      "audit.outcome": "failure",
      "audit.reason": "function_failed",
      "audit.severity": "ERROR",
      "event.name": "api_request",
      "http.response.status_code": 403,
    });
  });

  it("is a fault of the app where a request with cookies is refused because of it", async () => {
    expect(await recordOf("post", { Cookie: "a=b", "Sec-Fetch-Site": "cross-site" })).toMatchObject(
      {
        "audit.outcome": "failure",
        "audit.severity": "ERROR",
        "error.type": "cross_origin_blocked",
        "event.name": "api_request",
        "http.response.status_code": 403,
      },
    );
  });

  it("is a fault of the app, and no refusal, where the request is served", async () => {
    const record = await recordOf("get", {});
    expect(record).toMatchObject({
      "audit.decisions": ["secureHeaders:error:check_unavailable"],
      "audit.outcome": "success",
      "audit.reason": "function_failed",
      "audit.severity": "ERROR",
      "event.name": "api_request",
      "http.response.status_code": 200,
    });
    expect(record).not.toHaveProperty(["error.type"]);
  });

  it("is reported in report mode, and the request is an ordinary one", async () => {
    expect(await recordOf("get", {}, "report")).toMatchObject({
      "audit.outcome": "success",
      "audit.reported.code": "check_unavailable",
      "audit.severity": "INFO",
      "event.name": "api_request",
    });
  });
});
