import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { validate } from "./index.js";

const schema = {
  type: "object",
  properties: {
    country: { enum: ["DE", "FR"] },
    size: { enum: ["s", "m"] },
    amount: { type: "integer" },
  },
} as const;

describe.each(expressVersions)(
  "values that are not in their list on Express %s",
  (_major, express) => {
    it.each<[string, object, string | undefined]>([
      ["one such value", { country: "XX" }, "unlisted_value"],
      ["nothing but such values", { country: "XX", size: "xl" }, "unlisted_value"],
      ["something else as well", { country: "XX", amount: "1" }, "invalid_body"],
      ["an unknown member as well", { country: "XX", more: 1 }, "invalid_body"],
      ["none of them", { country: "DE", size: "m" }, undefined],
    ])("give the reason of a refusal for %s", async (_what, body, reason) => {
      const app = express();
      let reasons: readonly (string | undefined)[] = [];
      app.use((req, res, next) => {
        res.on("finish", () => {
          reasons = decisionsOf(req).map((decision) => decision.reason);
        });
        next();
      });
      app.post("/", express.json(), validate({ body: schema }), (_req, res) => void res.end());
      await request(app)
        .post("/")
        .send(body)
        .expect(reason === undefined ? 200 : 422);
      expect(reasons.at(-1)).toBe(reason);
    });
  },
);
