/** What an app loads and creates before it can listen: the preset and one JSON Schema. Keys are fetched later. */
const { createRequire } = require("node:module");
const { devNull } = require("node:os");

const load = createRequire(`${__dirname}/../../package.json`);
const { fileSink } = load("express-secure-api/audit-log");
const { secureApi } = load("express-secure-api/secure-api");
const { validate } = load("express-secure-api/validate");

secureApi({
  auditLog: { sinks: [fileSink({ path: devNull })] },
  secureHeaders: { cors: { origins: ["https://app.example.com"] } },
  rateLimit: { limit: 100, window: "15m" },
  oauthGuard: { issuer: "https://id.example.com", audience: "https://orders.example.com" },
  jsonBody: {},
});
validate({ body: { type: "object", properties: { id: { type: "string", maxLength: 20 } } } });
