/** The stacks in `stacks/`, each with its name in the tables and the bare framework that it stands on. */
export const STACKS = {
  bare: { label: "bare: Express 5, `express.json()`, one route", framework: "bare" },
  ours: {
    label: "`secureApi()` with everything on, `requireScope`, `validate`",
    framework: "bare",
  },
  floor: {
    label:
      "the same header fields, digests, counts and chained record, by hand for this route alone",
    framework: "bare",
  },
  peers: {
    label:
      "helmet, cors, express-rate-limit, express-oauth2-jwt-bearer, express-validator, pino-http",
    framework: "bare",
  },
  "by-hand": {
    label:
      "helmet, cors, jsonwebtoken + jwks-rsa, rate-limiter-flexible, express-validator, winston",
    framework: "bare",
  },
  "fastify-bare": { label: "bare: Fastify, JSON body, one route", framework: "fastify-bare" },
  fastify: {
    label: "Fastify, @fastify/helmet, cors, rate-limit, jwt, JSON Schema, pino",
    framework: "fastify-bare",
  },
  "fastify-cached": {
    label: "the same with the token cache of @fastify/jwt",
    framework: "fastify-bare",
  },
};

/** Whether the stack is a framework with nothing that secures it. */
export function isBare(stack) {
  return STACKS[stack].framework === stack;
}

/** The chosen stacks with what they are compared to: bare Express always, and the framework of each. */
export function withFrameworks(chosen) {
  const needed = new Set(["bare", ...chosen, ...chosen.map((stack) => STACKS[stack].framework)]);
  return Object.keys(STACKS).filter((stack) => needed.has(stack));
}
