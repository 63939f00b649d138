/**
 * The server process of one stack. The parent sends the settings and gets the port; after that, each message is a
 * command: what CPU time this process has used so far, or a CPU profile. Nothing else runs here.
 */
import { Session } from "node:inspector/promises";

process.once("message", async ({ stack, ...settings }) => {
  const { createApp } = await import(`./stacks/${stack}.mjs`);
  const app = await createApp(settings);
  const port = await listen(app);
  process.on("message", async ({ command }) => process.send(await commands[command]()));
  process.send({ port });
});

// `exit` rather than `close`: open keep-alive connections must not keep a finished run alive.
process.on("disconnect", () => process.exit());

let session;

const commands = {
  cpu: () => ({ cpu: process.cpuUsage() }),
  startProfile: async () => {
    session = new Session();
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    return {};
  },
  stopProfile: () => session.post("Profiler.stop"),
};

/** Express apps are functions, Fastify's is an object; each is started its own way. */
async function listen(app) {
  if (typeof app !== "function") {
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server.address().port;
  }
  return new Promise((resolve, reject) => {
    const server = app.listen(0, "127.0.0.1", (error) =>
      error ? reject(error) : resolve(server.address().port),
    );
  });
}
