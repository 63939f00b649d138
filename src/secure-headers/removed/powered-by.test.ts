import type { Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";

describe.each(expressVersions)("`X-Powered-By` on Express %s", (_major, express) => {
  const newApp = express as unknown as () => Express;
  const answering = (): Express => {
    const app = newApp();
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  };

  /** Apps in an app, before and behind the middleware, in each way to put them there. */
  function nested(guard: RequestHandler): Express {
    const app = newApp();
    app.use("/free", answering());
    app.use("/", guard);
    app.use("/mounted", answering());
    app.use("/routed", express.Router().use(answering()));
    app.use("/deep", newApp().use("/er", newApp().use("/", answering())));
    app.use("/php", (_req, res) => void res.set("X-Powered-By", "PHP").send("ok"));
    app.use("/", answering());
    return app;
  }

  it("stays away on mounted apps", async () => {
    const app = nested(secureHeaders() as RequestHandler);
    for (const path of ["/", "/mounted", "/routed", "/deep/er", "/nowhere"]) {
      const { headers } = await request(app).get(path);
      expect(headers["x-powered-by"], path).toBeUndefined();
    }
    await request(app).get("/php").expect("X-Powered-By", "PHP");
  });

  it("stays where the middleware did not run, is turned off or reports", async () => {
    const app = nested(secureHeaders() as RequestHandler);
    await request(app).get("/mounted");
    await request(app).get("/free").expect("X-Powered-By", "Express");
    for (const options of [{ helmet: { xPoweredBy: false } }, { mode: "report" }] as const) {
      const other = nested(secureHeaders(options) as RequestHandler);
      await request(other).get("/mounted").expect("X-Powered-By", "Express");
    }
  });

  it("leaves `setHeader` as it is otherwise, also one that the app has replaced", async () => {
    const app = newApp();
    const seen: string[] = [];
    const { setHeader } = app.response;
    app.response.setHeader = function (this: Express["response"], name, value) {
      seen.push(name);
      return setHeader.call(this, name, value);
    } as typeof setHeader;
    app.use(secureHeaders() as RequestHandler);
    app.use("/", (_req, res, next) => {
      expect(res.setHeader("X-Any", ["a", "b"])).toBe(res);
      next();
    });
    app.use("/", answering());
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["x-any"]).toBe("a, b");
    expect(seen).toContain("X-Any");
    expect(headers["x-powered-by"]).toBeUndefined();
  });
});
