import type { Request } from "express";
import request from "supertest";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { requestState } from "./request-state.js";

const STATE = Symbol.for("express-secure-api.state/1");

function bareRequest(): Request {
  return {} as Request;
}

describe("requestState", () => {
  let other: typeof import("./request-state.js");
  beforeAll(async () => {
    vi.resetModules();
    other = await import("./request-state.js");
  });

  it("is one object per request", () => {
    const req = bareRequest();
    expect(requestState(req)).toBe(requestState(req));
    expect(requestState(bareRequest())).not.toBe(requestState(req));
  });

  it("is shared by all installed copies", () => {
    const req = bareRequest();
    expect(other.requestState).not.toBe(requestState);
    expect(other.requestState(req)).toBe(requestState(req));
  });

  it("cannot be replaced, deleted or seen by what lists or copies the request", () => {
    const req = bareRequest();
    const state = requestState(req);
    expect(() => Object.assign(req, { [STATE]: {} })).toThrow(TypeError);
    expect(Reflect.deleteProperty(req, STATE)).toBe(false);
    expect(requestState(req)).toBe(state);
    expect(Object.keys(req)).toEqual([]);
    expect(Object.getOwnPropertySymbols({ ...req })).toEqual([]);
  });

  it.each(expressVersions)(
    "leaves request and response as they were on Express %s",
    async (_major, express) => {
      const app = express();
      app.use((req, res) => {
        const before = [Object.keys(req).sort(), Object.keys(res).sort()];
        requestState(req);
        expect([Object.keys(req).sort(), Object.keys(res).sort()]).toEqual(before);
        expect(req.res).toBe(res);
        expect(res.req).toBe(req);
        res.json({ path: req.path });
      });
      await request(app).get("/x").expect(200, { path: "/x" });
    },
  );

  it("takes nothing from members of the request that others overwrite", () => {
    const req = Object.assign(bareRequest(), { auth: { payload: {} }, user: { roles: ["admin"] } });
    expect(requestState(req)).toMatchObject({
      auth: undefined,
      principal: undefined,
      refusal: undefined,
      decisions: [],
    });
  });
});
