// One instance of a small service. Arguments: port (0 for any), how it ends ("graceful" or "bare"), the Express to load,
// how many seconds it announces its end.
import { createRequire } from "node:module";

const [, , port = "0", end = "graceful", framework = "express", announce = "1"] = process.argv;
const require = createRequire(import.meta.url);
const express = require(framework);
const { gracefulShutdown, hardenServer, livez, readyz } = require("../../dist/server/index.js");

const app = express();
app.get("/livez", livez());
app.get("/readyz", readyz());
app.get("/work", (_req, res) => void setTimeout(() => res.send("done"), 5 + Math.random() * 45));

const server = app.listen(Number(port), "127.0.0.1", () => process.send?.(server.address().port));
if (end === "bare") {
  process.once("SIGTERM", () => server.close(() => process.exit(0)));
} else {
  hardenServer(server);
  gracefulShutdown(server, { announce: `${announce}s`, grace: "20s", closeTimeout: "1s" });
}
