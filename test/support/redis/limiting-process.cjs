// One of several processes whose app has a limit in Redis: each time it is told to, it is asked 200 times at once, and says how
// often it has admitted.
const { once } = require("node:events");
const express = require("express");
const { Redis } = require("ioredis");

const [, , library, port, options] = process.argv;
const { rateLimit, redisStore } = require(library);

async function main() {
  const client = new Redis(Number(port), "127.0.0.1");
  client.on("error", () => {});
  await once(client, "ready");
  const app = express();
  app.use(rateLimit({ ...JSON.parse(options), store: redisStore(client) }));
  app.get("/", (_req, res) => res.send("ok"));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const ask = async () => (await fetch(`http://127.0.0.1:${server.address().port}/`)).status;
  process.on("message", async () => {
    const statuses = await Promise.all(Array.from({ length: 200 }, ask));
    process.send(statuses.filter((status) => status === 200).length);
  });
  process.send("ready");
}

process.once("disconnect", () => process.exit());
main();
