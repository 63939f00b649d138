// One of several processes that share a limit: asks 1,000 times at once and says how often it was admitted.
const [, , library, kind, port, policies, maxCost] = process.argv;
const { redisStore } = require(library);

async function connect() {
  if (kind.includes("redis") && kind !== "ioredis") {
    return await require(kind)
      .createClient({ url: `redis://127.0.0.1:${port}` })
      .connect();
  }
  const client = new (require(kind).Redis)(Number(port), "127.0.0.1");
  await new Promise((resolve) => client.once("ready", resolve));
  return client;
}

async function count(client) {
  const store = redisStore(client);
  let cost = 0;
  const answers = Array.from({ length: 1000 }, async () => {
    const price = 1 + Math.floor(Math.random() * Number(maxCost));
    const requests = JSON.parse(policies).map((policy) => ({ ...policy, cost: price }));
    const results = await store.consume(requests);
    if (results.every(({ allowed }) => allowed)) cost += price;
  });
  await Promise.all(answers);
  return cost;
}

connect().then(async (client) => {
  process.send("ready");
  process.once("message", async () => {
    process.send(await count(client));
    process.exit();
  });
});
