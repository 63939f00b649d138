// Sends requests to the port that the processes share, and counts who answered what.

/** How many requests were answered with which status. */
export type Tally = Map<number, number>;

const AT_ONCE = 100;

export async function sendRequests(url: string, count: number): Promise<Tally> {
  const tally: Tally = new Map();
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - sent) }, () => statusOf(url));
    for (const status of await Promise.all(batch)) {
      tally.set(status, (tally.get(status) ?? 0) + 1);
    }
  }
  return tally;
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}
