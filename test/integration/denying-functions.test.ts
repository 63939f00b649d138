import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { CALL_DEADLINE_MS } from "../../src/core/calls/create-call.js";
import { expressVersions } from "../support/express.js";
import type { Mode } from "../support/user-functions/deciding.js";
import { FAILURES } from "../support/user-functions/failures.js";
import { REFUSING, type RefusingSite } from "../support/user-functions/refusing.js";

const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();

describe.each(expressVersions)("onDenied on Express %s", (_major, express) => {
  let server: Server;
  let guard: RequestHandler;
  let reached = 0;
  let called: Promise<void>;

  beforeAll(async () => {
    const route: RequestHandler = (_req, res) => {
      reached += 1;
      res.json({ reached });
    };
    const app = express();
    app.use((req, res, next) => guard(req, res, next));
    app.use(route, careless, route);
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  afterAll(() => void server.close());

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    vi.useRealTimers();
    server.closeAllConnections();
  });

  async function serve(site: RefusingSite, onDenied: () => unknown, mode: Mode): Promise<void> {
    reached = 0;
    let tellCalled = (): void => undefined;
    called = new Promise((resolve) => {
      tellCalled = resolve;
    });
    const noted = (): unknown => {
      tellCalled();
      return onDenied();
    };
    guard = site.mount({ onDenied: noted as never, mode }) as RequestHandler;
    // The audit log writes its first record at the end of the turn.
    await settle();
  }

  async function answerTo({ query = "a=1", headers, body = "" }: RefusingSite): Promise<unknown> {
    const { port } = server.address() as AddressInfo;
    const req = httpRequest({
      port,
      host: "127.0.0.1",
      method: "POST",
      path: `/1?${query}`,
      headers: { ...(body === "" ? {} : { "content-type": "application/json" }), ...headers },
      agent: false,
    });
    const [res] = await once(req.end(body), "response");
    let text = "";
    for await (const chunk of res) text += chunk;
    return { status: res.statusCode, code: JSON.parse(text).code };
  }

  const cases = Object.entries(REFUSING).flatMap(([option, site]) =>
    FAILURES.map(([how, fail]) => [option, how, site, fail] as const),
  );

  it.each(cases)(
    "%s that %s leaves the refusal as it is: the client gets it, and no handler runs",
    async (_option, _how, site, fail) => {
      await serve(site, () => fail(() => undefined), "enforce");
      const answer = answerTo(site);
      await called;
      await settle();
      vi.advanceTimersByTime(CALL_DEADLINE_MS);
      expect(await answer).toEqual({ status: site.status, code: site.code });
      expect(reached).toBe(0);
    },
  );

  it.each(Object.entries(REFUSING))("%s is not asked in report mode", async (_option, site) => {
    const onDenied = vi.fn();
    await serve(site, onDenied, "report");
    expect(await answerTo(site)).toMatchObject({ status: 200 });
    expect(reached).toBe(1);
    expect(onDenied).not.toHaveBeenCalled();
  });
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
