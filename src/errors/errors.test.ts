import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { HttpError } from "../core/refusal/http-error.js";
import { errorHandler } from "./error-handler.js";
import { notFound } from "./not-found.js";

describe.each(expressVersions)("errorHandler and notFound on Express %s", (_major, express) => {
  it("answers what no route answered with 404 and keeps the headers that are set", async () => {
    const app = express();
    app.use((_req, res, next) => {
      res.setHeader("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
      next();
    });
    app.use(notFound(), errorHandler());
    const answer = await request(app)
      .get("/nowhere")
      .expect(404)
      .expect("Content-Type", "application/problem+json");
    expect(JSON.parse(answer.text)).toEqual({
      title: "Not Found",
      status: 404,
      detail: "There is nothing at this address.",
      code: "not_found",
    });
    expect(answer.headers["content-security-policy"]).toBe(
      "default-src 'self'; frame-ancestors 'none'",
    );
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("answers an unknown error with 500 and shows nothing of it", async () => {
    const seen: unknown[] = [];
    const app = express();
    app.get("/", () => {
      throw new Error("password=hunter2");
    });
    app.use(errorHandler({ onError: (error) => void seen.push(error) }));
    const answer = await request(app).get("/").expect(500);
    expect(answer.text).not.toContain("hunter2");
    expect(JSON.parse(answer.text).code).toBe("internal_error");
    expect(seen).toHaveLength(1);
  });

  it("answers body-parser's errors by what happened, without the body", async () => {
    const app = express();
    app.use(express.json({ limit: 20 }), errorHandler());
    const malformed = await request(app).post("/").type("json").send('{"secret":').expect(400);
    expect(malformed.body.code).toBe("malformed_json");
    expect(malformed.text).not.toContain("secret");
    const large = await request(app)
      .post("/")
      .type("json")
      .send(`"${"x".repeat(50)}"`)
      .expect(413);
    expect(large.body.code).toBe("body_too_large");
  });

  it("takes headers from our own errors only", async () => {
    const app = express();
    app.get("/ours", (_req, _res, next) =>
      next(new HttpError("keys_unavailable", { headers: { "Retry-After": "5" } })),
    );
    app.get("/theirs", (_req, _res, next) =>
      next(Object.assign(new Error("x"), { status: 409, headers: { "X-Leak": "1" } })),
    );
    app.use(errorHandler());
    await request(app).get("/ours").expect(503).expect("Retry-After", "5");
    const theirs = await request(app).get("/theirs").expect(409);
    expect(theirs.headers["x-leak"]).toBeUndefined();
    expect(theirs.body.code).toBe("conflict");
  });

  it.each<[object, number, string]>([
    [{ status: 401 }, 401, "unauthorized"],
    [{ statusCode: 404 }, 404, "not_found"],
    [{ status: 413 }, 413, "body_too_large"],
    [{ status: 418 }, 418, "request_refused"],
    [{ status: 502 }, 502, "internal_error"],
    [{ status: 503 }, 503, "service_unavailable"],
    [{}, 500, "internal_error"],
    [{ status: 415, type: "charset.unsupported" }, 415, "unsupported_charset"],
    // A status that the parser's own error never has.
    [{ status: 403, type: "entity.too.large" }, 403, "forbidden"],
    [{ status: 400, type: "toString" }, 400, "bad_request"],
  ])(
    "gives an error of the app with %j the status %d and the code %s",
    async (members, status, code) => {
      const app = express();
      app.get("/", (_req, _res, next) => next(Object.assign(new Error("x"), members)));
      app.use(errorHandler({ onError: () => undefined }));
      const answer = await request(app).get("/").expect(status);
      expect(answer.body).toMatchObject({ status, code });
    },
  );

  it("sends no body on HEAD and takes a status only between 400 and 599", async () => {
    const app = express();
    app.get("/", (_req, _res, next) => next(Object.assign(new Error("x"), { status: 200 })));
    app.use(errorHandler());
    const answer = await request(app).head("/").expect(500);
    expect(answer.text ?? "").toBe("");
  });
});

describe("errorHandler", () => {
  it("refuses an unknown option", () => {
    expect(() => errorHandler({ onErr: () => {} } as never)).toThrow('did you mean "onError"?');
  });
});
