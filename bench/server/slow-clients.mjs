// Holds a server up with clients that are slow on purpose, and looks at what others get meanwhile.
// node bench/server/slow-clients.mjs [hardened|bare] [attack, by default all of them] [connections]
import { fork } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const [, , kind = "hardened", only, number] = process.argv;
const SECONDS = 15;
const ATTACKS = {
  idle: { connections: 10_000, first: "", drip: undefined },
  "slow heads": { connections: 10_000, first: "GET / HTTP/1.1\r\nHost: a\r\n", drip: "X: y\r\n" },
  "slow bodies": {
    connections: 5000,
    first: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
    drip: undefined,
  },
  "slow readers": {
    connections: 1000,
    first: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
    paused: true,
  },
};

for (const [name, attack] of Object.entries(kind === "attack" ? {} : ATTACKS)) {
  if (only === undefined || only === name) console.log(JSON.stringify(await run(name, attack)));
}

if (kind === "attack")
  process.once("message", (how) => void hold(Number(only), Number(number), how));

/** Connects, and holds what it gets. */
async function hold(port, count, { first, drip, paused }) {
  const sockets = [];
  for (let index = 0; index < count; index += 1) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    if (paused) socket.pause();
    else socket.resume();
    if (first !== "") socket.write(first);
    sockets.push(socket);
    if (index % 100 === 99) await pause(20);
  }
  if (drip !== undefined) {
    setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write(drip);
    }, 2000);
  }
  process.send("begun");
  process.on("message", () => {
    process.send(sockets.filter(({ closed, connecting }) => !closed && !connecting).length);
  });
}

async function run(name, { connections, first, drip, paused = false }) {
  const file = fileURLToPath(new URL("slow-server.mjs", import.meta.url));
  const child = fork(file, [kind], { execArgv: [] });
  const [port] = await once(child, "message");
  const before = await ask(child);
  const count = number === undefined ? connections : Number(number);
  // A process of its own, so that its work is not taken for that of the server.
  const attacker = fork(fileURLToPath(import.meta.url), ["attack", port, count], { execArgv: [] });
  attacker.send({ first, drip, paused });
  await once(attacker, "message");
  let peak = 0;
  const latencies = [];
  let failed = 0;
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    const began = performance.now();
    if (await honest(port)) latencies.push(performance.now() - began);
    else failed += 1;
    const { rss } = await ask(child);
    peak = Math.max(peak, rss);
    await pause(200);
  }
  const { stats } = await ask(child);
  const held = await ask(attacker);
  attacker.kill("SIGKILL");
  child.kill("SIGKILL");
  latencies.sort((one, other) => one - other);
  return {
    kind,
    attack: name,
    connections: count,
    heldAtTheEnd: held,
    honest: {
      answered: latencies.length,
      failed,
      medianMs: Math.round(latencies[latencies.length >> 1] ?? 0),
    },
    memoryMb: { before: mb(before.rss), peak: mb(peak) },
    stats,
  };
}

/** Somebody who comes anew. */
function honest(port) {
  return new Promise((resolve) => {
    get({ port, path: "/", agent: false, timeout: 2000 }, (res) => {
      res.resume();
      res.on("end", () => resolve(res.statusCode === 200));
    })
      .on("timeout", function onTimeout() {
        this.destroy();
      })
      .on("error", () => resolve(false));
  });
}

async function ask(child) {
  child.send("report");
  const [answer] = await once(child, "message");
  return answer;
}

function mb(bytes) {
  return Math.round(bytes / 1024 ** 2);
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
