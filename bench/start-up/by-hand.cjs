/** The same with the packages that the library is built on, as far as they create something before the first request. */
const { createRequire } = require("node:module");
const { devNull } = require("node:os");

const load = createRequire(`${__dirname}/../../package.json`);
const { Ajv2020 } = load("ajv/dist/2020.js");
const cors = load("cors");
const helmet = load("helmet");
load("jsonwebtoken");
const { RateLimiterMemory } = load("rate-limiter-flexible");
const winston = load("winston");

winston.createLogger({
  format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
  transports: [new winston.transports.File({ filename: devNull })],
});
helmet();
cors({ origin: ["https://app.example.com"] });
new RateLimiterMemory({ points: 100, duration: 900 });
new Ajv2020().compile({
  type: "object",
  properties: { id: { type: "string", maxLength: 20 } },
  additionalProperties: false,
});
