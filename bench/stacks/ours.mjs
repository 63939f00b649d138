import express from "express";
import { requireFromLibrary } from "../library.mjs";
import { ALLOWED_ORIGIN, AUDIENCE, LIMIT, ORDER_SCHEMA, PATH, SCOPE } from "../workload.mjs";

const { fileSink } = requireFromLibrary("audit-log");
const { errorHandler, notFound } = requireFromLibrary("errors");
const { requireScope } = requireFromLibrary("authorization");
const { secureApi } = requireFromLibrary("secure-api");
const { validate } = requireFromLibrary("validate");

/** `secureApi()` with everything on, and scope and schema on the route, as the README says. */
export async function createApp({ issuer, logFile }) {
  const secure = secureApi({
    auditLog: { sinks: [fileSink({ path: logFile })] },
    secureHeaders: { cors: { origins: [ALLOWED_ORIGIN] } },
    rateLimit: {
      policies: [
        // A window so long that a bucket is still in use at the next request, as it is with real limits.
        { name: "address", limit: LIMIT, window: "366d", key: "ip" },
        { name: "caller", limit: LIMIT, window: "366d", key: "principal" },
      ],
    },
    oauthGuard: { issuer, audience: AUDIENCE },
    jsonBody: {},
  });
  await secure.ready();

  const app = express();
  app.use(secure);
  app.post(PATH, requireScope(SCOPE), validate({ body: ORDER_SCHEMA }), (req, res) => {
    res.json({ id: req.body.id });
  });
  app.use(notFound());
  app.use(errorHandler());
  return app;
}
