// One of the processes: serves until it is told to end.
import { once } from "node:events";
import { Redis } from "ioredis";
import { createApp } from "./app.js";

export async function serve(url: string, port: number, prefix: string): Promise<void> {
  const redis = new Redis(url);
  redis.on("error", (error) => console.error(`Redis: ${error.message}`));
  const { app, limiter } = createApp(redis, prefix);
  // Without this line it would start as well, and count in memory until Redis is there.
  await once(redis, "ready");
  const server = app.listen(port, "127.0.0.1");
  await once(server, "listening");
  // Ctrl+C reaches all processes; the one that started this one tells it when to end.
  process.on("SIGINT", () => {});
  process.once("SIGTERM", async () => {
    server.close();
    server.closeAllConnections();
    await limiter.close();
    await redis.quit();
    process.disconnect();
  });
}
