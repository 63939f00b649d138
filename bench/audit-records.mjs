import { generateKeyPairSync } from "node:crypto";
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import expressWinston from "express-winston";
import morgan from "morgan";
import pino from "pino";
import { pinoHttp } from "pino-http";
import winston from "winston";
import { requireFromLibrary } from "./library.mjs";
import { recordByHand } from "./record-by-hand.mjs";

const { auditLog, fileSink } = requireFromLibrary("audit-log");

/** Records of requests, each beside what it is compared with. The answer itself is subtracted from both. */
export function auditRecords({ directory }, prepareWith) {
  const nowhere = countingStream();
  const intoNothing = (name, middleware) => ({ name, middleware, takeCount: nowhere.takeCount });
  const intoFile = (name, id, make) => {
    const path = join(directory, `${id}.log`);
    return { name, middleware: make(path), takeCount: () => takeLineCount(path) };
  };
  const ours = (name, id, integrity) =>
    intoFile(name, id, (path) => auditLog({ sinks: [fileSink({ path })], integrity }));

  const chained = "`auditLog`, chained, to a file";
  const { privateKey: signingKey } = generateKeyPairSync("ed25519");
  const toNull = pinoHttp({ logger: pino(nowhere.stream) });
  const peer = intoNothing("pino-http to a null stream", toNull);
  const byHand = "the same members by hand: one `JSON.stringify`, SHA-256, one write in a turn";
  const rows = [
    ["auditRecord", ours(chained, "auditRecord", "chain"), peer],
    ["auditRecordByHand", intoFile(byHand, "auditRecordByHand", recordByHand), peer],
    ["auditRecordSigned", ours("the same, signed", "auditRecordSigned", { signingKey }), peer],
    ["auditRecordUnchained", ours("the same, unchained", "auditRecordUnchained", false), peer],
    [
      "auditRecordToFile",
      ours(chained, "auditRecordToFile", "chain"),
      intoFile("pino-http to a file", "pino-micro", (dest) =>
        pinoHttp({ logger: pino(pino.destination({ dest, sync: true })) }),
      ),
    ],
    [
      "auditRecordExpressWinston",
      ours(chained, "auditRecordExpressWinston", "chain"),
      intoNothing("express-winston to a null stream", withWinston(nowhere.stream)),
    ],
    [
      "auditRecordMorgan",
      ours(chained, "auditRecordMorgan", "chain"),
      intoNothing(
        'morgan, "combined", to a null stream',
        morgan("combined", { stream: nowhere.stream }),
      ),
    ],
  ];

  const side = ({ name, middleware, takeCount }) => ({
    name,
    prepare: prepareWith(middleware),
    run: runAnswered,
    check: (count) => expectLines(name, takeCount(), count),
  });
  return rows.map(([id, own, other]) => ({
    id,
    what: "one record per request",
    subject: side(own),
    baseline: side(other),
    floor: {
      name: "the answer itself",
      prepare: prepareWith((_req, _res, next) => next()),
      run: runAnswered,
    },
  }));
}

/** As its documentation shows it, with a line of JSON for each request. */
function withWinston(stream) {
  return expressWinston.logger({
    transports: [new winston.transports.Stream({ stream })],
    format: winston.format.json(),
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
