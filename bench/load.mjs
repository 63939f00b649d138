/**
 * The load generator, a process of its own: keep-alive connections over raw sockets, one request at a time on each,
 * a fixed number of requests. It ends on the first answer that is no 2xx, or when its time is up.
 */
import { connect } from "node:net";
import { ORDER, PATH } from "./workload.mjs";

const HEAD_END = Buffer.from("\r\n\r\n");

let requests = [];

process.on("message", async (message) => {
  if (message.tokens !== undefined) {
    requests = message.tokens.map(serializeRequest);
    process.send({});
    return;
  }
  try {
    await generateLoad(message);
    process.send({});
  } catch (error) {
    process.send({ error: error.message });
  }
});
process.on("disconnect", () => process.exit());

function serializeRequest(token) {
  return Buffer.from(
    `POST ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\nAccept: application/json\r\n` +
      `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(ORDER)}\r\n\r\n${ORDER}`,
  );
}

async function generateLoad({ port, count, connections, timeoutMs }) {
  const work = { port, next: 0, count, sockets: [] };
  let timer;
  const timeout = new Promise((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${count} requests took more than ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  let active = true;
  // Polls rather than sleeps: waking a sleeping process is charged to the one that writes to it, and on a virtual
  // machine that costs more than the request itself.
  const poll = () => {
    if (active) setImmediate(poll);
  };
  poll();
  try {
    await Promise.race([
      timeout,
      Promise.all(Array.from({ length: connections }, () => runConnection(work))),
    ]);
  } finally {
    active = false;
    clearTimeout(timer);
    for (const socket of work.sockets) socket.destroy();
  }
}

/** Sends requests one after the other until all connections together have sent `work.count`. */
function runConnection(work) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: work.port, host: "127.0.0.1", noDelay: true });
    let pending = Buffer.alloc(0);
    work.sockets.push(socket);
    const send = () => {
      if (work.next >= work.count) return resolve();
      socket.write(requests[work.next++ % requests.length]);
    };
    socket.on("connect", send);
    socket.on("data", (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      try {
        if (!isComplete(pending)) return;
      } catch (error) {
        return reject(error);
      }
      pending = Buffer.alloc(0);
      send();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a connection")));
  });
}

/** Whether the bytes are one whole answer; all stacks send a Content-Length. */
function isComplete(bytes) {
  const headLength = bytes.indexOf(HEAD_END);
  if (headLength === -1) return false;
  const head = bytes.toString("latin1", 0, headLength);
  if (!head.startsWith("HTTP/1.1 2"))
    throw new Error(`unexpected answer: ${head.slice(0, head.indexOf("\r\n"))}`);
  const length = /\r\ncontent-length: (\d+)/i.exec(head);
  if (length === null) throw new Error("an answer without Content-Length");
  return bytes.length >= headLength + HEAD_END.length + Number(length[1]);
}
