import { startChild } from "./child.mjs";
import { startIssuer } from "./issuer.mjs";

/** Operations per batch, and tokens: each is new to the empty cache of its batch. */
const BATCH = 250;

const TIMEOUT_MS = 300_000;

/** The micro comparisons and the sizes of keys, in a process of their own. */
export async function measureParts({ node, rounds, directory }) {
  const issuer = await startIssuer();
  const child = startChild("./micro.mjs", node, ["--expose-gc"]);
  try {
    const tokens = Array.from({ length: BATCH }, (_, number) => issuer.mint(number));
    const message = {
      rounds,
      batch: BATCH,
      directory,
      jwks: issuer.jwks,
      issuer: issuer.issuer,
      tokens,
    };
    return await child.ask(message, TIMEOUT_MS);
  } finally {
    issuer.close();
    await child.stop();
  }
}
