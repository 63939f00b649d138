import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { rateLimit } from "./rate-limit.js";

describe.each(expressVersions)("rateLimit on Express %s", (_major, express) => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each<[string, string | string[], boolean]>([
    ["/api", "/login", true],
    ["/api", ["/login", "/api/login"], false],
    ["/api", "/:version/login", false],
    ["/api", "/*", false],
    ["/", "/login", false],
  ])(
    "mounted at %s with the match %j warns once that it limits nothing: %s",
    async (mount, match, warns) => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = express();
      app.use(mount, rateLimit({ limit: 1, window: "1m", match }));
      for (let n = 0; n < 2; n += 1) await request(app).get(mount);
      const codes = warn.mock.calls.map(([, details]) => (details as { code: string }).code);
      const expected = warns ? ["EXPRESS_SECURE_API_UNREACHABLE_PATTERN"] : [];
      expect(codes.filter((code) => code.endsWith("_PATTERN"))).toEqual(expected);
    },
  );
});
