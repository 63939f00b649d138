import { hash, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireInternal } from "./library.mjs";

const { readLogFile } = await requireInternal("audit-log/log-files/read-log-file.js");
const { Anchors } = await requireInternal("audit-log/verify/seals/anchors.js");
const { verifyLogFiles } = await requireInternal("audit-log/verify/verify-log-files.js");

/** Lines that each input is worth: a file of fewer would measure how files are opened. */
const LINES_PER_INPUT = 40;

/**
 * One line of a log: verifying it, beside reading and hashing it alone. 4 µs are 250,000 lines in a second.
 *
 * @returns what `comparisons()` lists.
 */
export function logVerification({ directory }) {
  const path = join(directory, "verify-micro.jsonl");
  let written = 0;
  const prepare = (count) => {
    if (written !== count) writeFileSync(path, chainedLog(count * LINES_PER_INPUT));
    written = count;
    return path;
  };
  return {
    id: "verifyLog",
    what: "one line of a log of 600-byte records",
    times: LINES_PER_INPUT,
    subject: {
      name: "`verify-log`",
      prepare,
      run: async (file) => {
        const settings = { keys: [], anchors: new Anchors(), maxFindings: 10, now: Date.now() };
        const { completeness } = await verifyLogFiles([file], settings);
        if (completeness !== "complete") throw new Error("the log does not verify");
      },
    },
    baseline: {
      name: "reading and SHA-256",
      prepare,
      run: (file) =>
        readLogFile(file, {
          line: (bytes) => hash("sha256", bytes, "base64url"),
          longLine: () => undefined,
        }),
    },
  };
}

/** A log with `integrity: "chain"`, as a service writes it that answers orders. */
function chainedLog(count) {
  const stream = randomUUID();
  const lines = [];
  let previous;
  for (let number = 1; number <= count; number += 1) {
    const line = JSON.stringify({
      "@timestamp": "2026-11-21T19:50:01.123Z",
      "audit.action": number % 5 === 0 ? "CREATE" : "READ",
      "audit.actor.id": `user-${number % 97}`,
      "audit.actor.type": "user",
      "audit.decisions": ["oauthGuard:allow", "requireScope:allow"],
      "audit.outcome": "success",
      "audit.record.id": `${stream}-${number}`,
      "audit.schema.version": "1",
      ...(number === count ? { "audit.sequence.end": true } : {}),
      "audit.sequence.number": number,
      ...(previous === undefined ? {} : { "audit.sequence.previous_hash": previous }),
      "audit.sequence.stream_id": stream,
      "client.address": "203.0.113.0",
      duration_us: 900 + (number % 777),
      "event.name": "http_request",
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "http.route": "/orders/:id",
      observed_timestamp: "2026-11-21T19:50:01.123Z",
      "service.name": "orders",
    });
    previous = hash("sha256", line, "base64url");
    lines.push(`${line}\n`);
  }
  return lines.join("");
}
