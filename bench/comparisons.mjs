import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { subject as caslSubject, createMongoAbility } from "@casl/ability";
import permissions from "express-jwt-permissions";
import { requiredScopes } from "express-oauth2-jwt-bearer";
import expressWinston from "express-winston";
import morgan from "morgan";
import pino from "pino";
import { pinoHttp } from "pino-http";
import winston from "winston";
import { createExchange } from "./fake-exchange.mjs";
import { requireFromLibrary, requireInternal } from "./library.mjs";
import { logVerification } from "./log-verification.mjs";
import { rateLimits } from "./rate-limits.mjs";
import { securityHeaders } from "./security-headers.mjs";
import { AUDIENCE, SCOPE } from "./workload.mjs";

const { auditLog, fileSink } = requireFromLibrary("audit-log");
const { oauthGuard } = requireFromLibrary("oauth-guard");
const { requireScope } = requireFromLibrary("authorization");
const { all, any, not, role, scope } = await requireInternal("authorization/index.js");
const { logicOf } = await requireInternal("authorization/rule/rule.js");
const { createPrincipal } = await requireInternal("core/principal/principal.js");

/** Single parts of the library, each beside what it is compared with. */
export function comparisons(context) {
  return [
    firstSight(context),
    ...authorizations(context),
    ...rules(),
    ...rateLimits({ prepareWith, runMiddleware }),
    ...securityHeaders({ exchanges, runMiddleware }),
    ...auditRecords(context),
    logVerification(context),
  ];
}

function firstSight({ jwks, issuer, tokens }) {
  const key = createPublicKey({ key: jwks.keys[0], format: "jwk" });
  const signed = tokens.map((token) => {
    const end = token.lastIndexOf(".");
    return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), "base64url")];
  });
  return {
    id: "firstSight",
    what: "first sight of an RS256 token",
    subject: {
      name: "`oauthGuard` with an empty cache",
      prepare: (count) => {
        const guard = oauthGuard({ issuer, audience: AUDIENCE, jwks });
        return exchanges(count, tokens).map((exchange) => ({ ...exchange, middleware: guard }));
      },
      run: runMiddleware,
    },
    baseline: {
      name: "raw `crypto.verify` with a `KeyObject`",
      prepare: (count) =>
        Array.from({ length: count }, (_, index) => signed[index % signed.length]),
      run: (inputs) => {
        for (const [input, signature] of inputs) {
          if (!verify("RSA-SHA256", input, key, signature))
            throw new Error("a signature does not verify");
        }
      },
    },
  };
}

function authorizations({ jwks, issuer, tokens }) {
  const guard = oauthGuard({ issuer, audience: AUDIENCE, jwks });
  const own = requireScope(SCOPE);
  const theirs = requiredScopes(SCOPE);
  const claims = JSON.parse(Buffer.from(tokens[0].split(".")[1], "base64url"));
  const checked = permissions({ requestProperty: "auth", permissionsProperty: "payload.scope" });
  const subject = {
    name: "`requireScope`",
    prepare: async (count) => {
      const inputs = exchanges(count, tokens).map((exchange) => ({
        ...exchange,
        middleware: guard,
      }));
      await runMiddleware(inputs);
      return inputs.map(({ req, res }) => ({ req, res, middleware: own }));
    },
    run: runMiddleware,
  };
  const baseline = (name, middleware) => ({
    name,
    prepare: (count) =>
      exchanges(count).map(({ req, res }) => {
        req.auth = { header: {}, payload: { ...claims }, token: "" };
        return { req, res, middleware };
      }),
    run: runMiddleware,
  });
  const what = "one scope required of a verified token";
  return [
    {
      id: "authorization",
      what,
      subject,
      baseline: baseline("`requiredScopes` of express-oauth2-jwt-bearer", theirs),
    },
    {
      id: "permissions",
      what,
      subject,
      baseline: baseline("`check` of express-jwt-permissions", checked.check(SCOPE)),
    },
  ];
}

/** How often each input is judged: one judgement is shorter than the clock's tick. */
const JUDGEMENTS = 200;

/** Rules alone, without the middleware around them. */
function rules() {
  const rule = any(role("admin"), all(scope(SCOPE), not(role("suspended"))));
  const { judge } = logicOf(rule);
  const ability = createMongoAbility([
    { action: "manage", subject: "all", conditions: { role: "admin" } },
    { action: "create", subject: "Order", conditions: { ownerId: "user-7" } },
  ]);
  return [
    {
      id: "rule",
      what: "a rule of four parts, judged",
      times: JUDGEMENTS,
      subject: {
        name: "`any(role, all(scope, not(role)))`",
        prepare: (count) =>
          Array.from({ length: count }, (_, index) =>
            createPrincipal({ subject: `user-${index}`, roles: ["editor"], scopes: ["a", SCOPE] }),
          ),
        run: (principals) => {
          for (const principal of principals) {
            for (let turn = 0; turn < JUDGEMENTS; turn += 1) {
              if (judge(principal, undefined, undefined).effect !== "allow")
                throw new Error("the rule refuses");
            }
          }
        },
      },
      baseline: {
        name: "`ability.can` of CASL, two rules",
        prepare: (count) =>
          Array.from({ length: count }, () => caslSubject("Order", { ownerId: "user-7" })),
        run: (orders) => {
          for (const order of orders) {
            for (let turn = 0; turn < JUDGEMENTS; turn += 1) {
              if (!ability.can("create", order)) throw new Error("CASL refuses");
            }
          }
        },
      },
    },
  ];
}

function auditRecords({ directory }) {
  const nowhere = countingStream();
  const path = join(directory, "pino-micro.log");
  const toNull = pinoHttp({ logger: pino(nowhere.stream) });
  const toFile = pinoHttp({ logger: pino(pino.destination({ dest: path, sync: true })) });
  const { privateKey: signingKey } = generateKeyPairSync("ed25519");
  const silent = ["pino-http to a null stream", toNull, nowhere.takeCount];
  return [
    auditRecord("auditRecord", directory, "`auditLog`, chained, to a file", "chain", ...silent),
    auditRecord("auditRecordSigned", directory, "the same, signed", { signingKey }, ...silent),
    auditRecord("auditRecordUnchained", directory, "the same, unchained", false, ...silent),
    auditRecord(
      "auditRecordToFile",
      directory,
      "`auditLog`, chained, to a file",
      "chain",
      "pino-http to a file",
      toFile,
      () => takeLineCount(path),
    ),
    auditRecord(
      "auditRecordExpressWinston",
      directory,
      "`auditLog`, chained, to a file",
      "chain",
      "express-winston to a null stream",
      withWinston(nowhere.stream),
      nowhere.takeCount,
    ),
    auditRecord(
      "auditRecordMorgan",
      directory,
      "`auditLog`, chained, to a file",
      "chain",
      'morgan, "combined", to a null stream',
      morgan("combined", { stream: nowhere.stream }),
      nowhere.takeCount,
    ),
  ];
}

/** As its documentation shows it, with a line of JSON for each request. */
function withWinston(stream) {
  return expressWinston.logger({
    transports: [new winston.transports.Stream({ stream })],
    format: winston.format.json(),
  });
}

function auditRecord(id, directory, ownName, integrity, peer, peerMiddleware, takePeerCount) {
  const path = join(directory, `${id}.log`);
  const own = auditLog({ sinks: [fileSink({ path })], integrity });
  const logger = (name, middleware, takeCount) => ({
    name,
    prepare: prepareWith(middleware),
    run: runAnswered,
    check: (count) => expectLines(name, takeCount(), count),
  });
  return {
    id,
    what: "one record per request",
    subject: logger(ownName, own, () => takeLineCount(path)),
    baseline: logger(peer, peerMiddleware, takePeerCount),
    floor: {
      name: "the answer itself",
      prepare: prepareWith((_req, _res, next) => next()),
      run: runAnswered,
    },
  };
}

function prepareWith(middleware) {
  return (count) => exchanges(count).map((exchange) => ({ ...exchange, middleware }));
}

function exchanges(count, tokens) {
  return Array.from({ length: count }, (_, index) =>
    createExchange(index, tokens?.[index % tokens.length]),
  );
}

/** Resolves when every middleware has called `next`; the ones that are synchronous cost no promise each. */
function runMiddleware(inputs) {
  return new Promise((resolve, reject) => {
    let left = inputs.length;
    const next = (error) => {
      left -= 1;
      // Some say `null` for no error.
      if (error !== undefined && error !== null) reject(error);
      else if (left === 0) resolve();
    };
    for (const { middleware, req, res } of inputs) middleware(req, res, next);
  });
}

/**
 * Answers in one turn of the event loop before the next one begins. A server under 16 busy connections answers more
 * (14 on average, measured); without an end, loggers that write once in a turn would write once in a batch.
 */
const ANSWERS_PER_TURN = 8;

/** Answers every exchange behind its logger, some in each turn, and gives late writers their turn. */
async function runAnswered(inputs) {
  let answered = 0;
  for (const { middleware, req, res } of inputs) {
    middleware(req, res, () => {
      res.statusCode = 200;
      res.setHeader("Content-Type", "application/json");
      res.end('{"id":"order-000417"}');
    });
    answered += 1;
    if (answered % ANSWERS_PER_TURN === 0) await nextTurn();
  }
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

function expectLines(name, lines, count) {
  // The start record of an audit log comes on top.
  if (lines < count) throw new Error(`${name} wrote ${lines} lines for ${count} requests`);
}

/** A stream that keeps nothing but the number of lines. */
function countingStream() {
  let lines = 0;
  const stream = new Writable({
    write(_chunk, _encoding, callback) {
      lines += 1;
      callback();
    },
  });
  return {
    stream,
    takeCount: () => {
      const taken = lines;
      lines = 0;
      return taken;
    },
  };
}

/** Counts the lines of a log and empties it; loggers that append go on behind it. */
function takeLineCount(path) {
  const lines = readFileSync(path, "utf8").split("\n").length - 1;
  truncateSync(path);
  return lines;
}
