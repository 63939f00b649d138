// A small service for bench/server/slow-clients.mjs. Argument: "hardened" or "bare".
import { createRequire } from "node:module";

const [, , kind = "hardened"] = process.argv;
const require = createRequire(import.meta.url);
const express = require("express");
const { hardenServer } = require("../../dist/server/index.js");

const app = express();
const large = Buffer.alloc(4 * 1024 ** 2);
app.get("/", (_req, res) => void res.send("hello"));
app.get("/large", (_req, res) => void res.send(large));
app.post("/", (req, res) => void req.resume().on("end", () => res.send("hello")));

const server = app.listen(0, "127.0.0.1", () => process.send(server.address().port));
const hardened =
  kind === "hardened"
    ? hardenServer(server, { headersTimeout: "5s", stallTimeout: "5s", maxConnections: 10_000 })
    : undefined;
// Without our limits, and with room for no more than the same number of connections.
if (hardened === undefined) server.maxConnections = 10_000;

process.on("message", () => {
  process.send({ rss: process.memoryUsage().rss, stats: hardened?.stats() });
});
