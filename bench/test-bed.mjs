import { rmSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "./child.mjs";
import { startIssuer } from "./issuer.mjs";
import { selfCheck } from "./self-check.mjs";

const TOKENS = 1_000;
const CONNECTIONS = 16;
const LOAD_TIMEOUT_MS = 120_000;

/**
 * The identity provider, the load generator and the server processes of a run.
 *
 * @param node - Path of the Node that generator and servers run on.
 */
export async function openTestBed(node, directory) {
  const issuer = await startIssuer();
  const generator = startChild("./load.mjs", node);
  const servers = [];
  await generator.ask({
    tokens: Array.from({ length: TOKENS }, (_, number) => issuer.mint(number)),
  });

  async function start(stack) {
    const server = await startServer(stack, node, issuer, directory);
    servers.push(server);
    return server;
  }

  return {
    start,
    /** Starts the stack, proves that it does its work, and stops it again. */
    async check(stack) {
      const server = await start(stack);
      await selfCheck(stack, server.port, checkTokens(issuer), server.logFile);
      await server.stop();
    },
    /** Sends `count` valid orders; rejects unless every one is answered 2xx. */
    load({ port }, count) {
      const message = { port, count, connections: CONNECTIONS, timeoutMs: LOAD_TIMEOUT_MS };
      return generator.ask(message, LOAD_TIMEOUT_MS + 5_000);
    },
    async close() {
      issuer.close();
      await Promise.all([generator, ...servers].map((child) => child.stop()));
    },
  };
}

async function startServer(stack, node, { issuer, jwks, publicKey }, directory) {
  const child = startChild("./server.mjs", node);
  const logFile = join(directory, `${stack}.log`);
  const stop = async () => {
    await child.stop();
    rmSync(logFile, { force: true });
  };
  try {
    const { port } = await child.ask({ stack, issuer, jwks, publicKey, logFile });
    return { stack, logFile, port, ask: child.ask, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function checkTokens({ mint }) {
  const valid = mint(0);
  return {
    valid,
    withoutScope: mint(1, { scope: "orders:read" }),
    // The signature of another token over these claims.
    forged: mint(2, { sub: "admin" }).replace(/\.[^.]+$/, valid.slice(valid.lastIndexOf("."))),
  };
}
