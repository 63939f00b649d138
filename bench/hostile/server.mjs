/**
 * The process of the hostile inputs: it listens for requests, and watches for how long its loop stands still. The parent
 * sends one command at a time: `search`, `mount` an input, or `gap`, the longest turn since the last question.
 */
import express from "express";
import { requireFromLibrary } from "../library.mjs";
import { HANDWRITTEN } from "./inputs.mjs";
import { searchInputs } from "./search.mjs";

const { errorHandler } = requireFromLibrary("errors");
const { jsonBody } = requireFromLibrary("json-body");
const { validate } = requireFromLibrary("validate");

let inputs = [];
let handler = (_req, res) => res.end();
let longest = 0;

const commands = {
  search({ cases, kept }) {
    const { inputs: found, tried, refused } = searchInputs(cases, kept);
    inputs = [...HANDWRITTEN, ...found];
    return {
      inputs: inputs.map(({ name, text, headers }) => ({ name, text, headers })),
      tried,
      refused,
    };
  },
  mount({ index }) {
    const app = express();
    app.use(jsonBody());
    app.post("/", validate(inputs[index].options), (_req, res) => res.json({}));
    app.use(errorHandler({ onError: () => undefined }));
    handler = app;
    globalThis.gc?.();
    return {};
  },
  gap() {
    const milliseconds = longest;
    longest = 0;
    return { milliseconds };
  },
};

/** A turn that takes longer than the one before it did something in between. */
function watch(before) {
  const now = performance.now();
  longest = Math.max(longest, now - before);
  setImmediate(watch, performance.now());
}

process.once("message", () => {
  const server = express()
    .use((req, res, next) => handler(req, res, next))
    .listen(0, "127.0.0.1", () => {
      process.on("message", ({ command, ...rest }) => process.send(commands[command](rest)));
      watch(performance.now());
      process.send({ port: server.address().port });
    });
});
process.on("disconnect", () => process.exit());
