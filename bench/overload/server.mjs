/** An app that has more to do than it can: each request costs some milliseconds of CPU, `/health` nothing. */
import { pbkdf2Sync } from "node:crypto";
import express from "express";
import { requireFromLibrary } from "../library.mjs";

const { loadShedding } = requireFromLibrary("server");

process.once("message", ({ shed, iterations }) => {
  const app = express();
  if (shed) app.use(loadShedding({ critical: "GET /health", low: "/low" }));
  app.get("/health", (_req, res) => res.end("up"));
  app.get(["/normal", "/low"], (_req, res) => {
    // Behind some input, as in most handlers.
    setTimeout(() => {
      pbkdf2Sync("a", "b", iterations, 32, "sha256");
      res.end("done");
    }, 1);
  });
  const server = app.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
});
process.on("disconnect", () => process.exit());
