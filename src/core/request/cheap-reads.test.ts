import { setFlagsFromString } from "node:v8";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { makeReadsCheap } from "./cheap-reads.js";

describe("makeReadsCheap", () => {
  it.each(expressVersions)(
    "leaves every descriptor of request and response as it was on Express %s",
    async (_major, express) => {
      const app = express();
      app.use((req, res) => {
        const before = [descriptorsOf(req), descriptorsOf(res)];
        makeReadsCheap(req);
        expect([descriptorsOf(req), descriptorsOf(res)]).toEqual(before);
        expect(req.res).toBe(res);
        expect(res.req).toBe(req);
        res.json({ path: req.path });
      });
      await request(app).get("/x").expect(200, { path: "/x" });
    },
  );

  it("leaves an accessor an accessor, and does not call it more than once", () => {
    let reads = 0;
    const res = {};
    const req = Object.defineProperty({}, "res", {
      configurable: true,
      enumerable: false,
      get: () => {
        reads += 1;
        return res;
      },
    });
    const before = Object.getOwnPropertyDescriptor(req, "res");
    makeReadsCheap(req);
    expect(Object.getOwnPropertyDescriptor(req, "res")).toEqual(before);
    expect(reads).toBe(1);
  });

  it("gives a bare response nothing that it did not have", () => {
    const res = {};
    makeReadsCheap({ res });
    expect(Object.keys(res)).toEqual([]);
  });

  it("leaves what is not configurable, inherited or missing alone", () => {
    const res = Object.create({ req: "inherited" });
    const fixed = Object.defineProperty({}, "res", { value: res });
    makeReadsCheap(fixed);
    makeReadsCheap({});
    makeReadsCheap({ res: null });
    expect(Object.getOwnPropertyDescriptor(fixed, "res")).toMatchObject({ configurable: false });
    expect(Object.keys(res)).toEqual([]);
  });

  it("turns objects whose prototype was changed, as Express does, into hash tables", () => {
    setFlagsFromString("--allow-natives-syntax");
    const hasHiddenClass: (object: object) => boolean = Function(
      "object",
      "return %HasFastProperties(object)",
    ) as never;
    const req = Object.assign(Object.setPrototypeOf({ url: "/" }, { app: 1 }), {
      res: {},
      next: 1,
    });
    const res = Object.assign(Object.setPrototypeOf({ chunked: true }, { app: 1 }), {
      req,
      locals: {},
    });
    req.res = res;
    expect([hasHiddenClass(req), hasHiddenClass(res)]).toEqual([true, true]);
    makeReadsCheap(req);
    expect([hasHiddenClass(req), hasHiddenClass(res)]).toEqual([false, false]);
  });
});

function descriptorsOf(object: object): unknown {
  const names = ["res", "req", ...Object.keys(object)].sort();
  return names.map((name) => [name, Object.getOwnPropertyDescriptor(object, name)]);
}
