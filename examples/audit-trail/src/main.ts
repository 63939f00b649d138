// Runs the API, lets an attacker at it, closes the log, and shows what the log can prove.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createApp } from "./app.js";
import { command } from "./command.js";
import { sendRequests } from "./requests.js";

const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });
const folder = mkdtempSync(join(tmpdir(), "audit-trail-"));
const path = join(folder, "audit.jsonl");
const publicKey = join(folder, "audit-key.pem");
const page = join(folder, "report.html");

const keys = generateKeyPairSync("ed25519");
writeFileSync(publicKey, keys.publicKey.export({ type: "spki", format: "pem" }));
const { app, log } = createApp(path, keys.privateKey);
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
await sendRequests(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
await new Promise((resolve) => server.close(resolve));
await log.close();

const records = readFileSync(path, "utf8");
const alerts = records.match(/"security_rule.name":"[^"]+"/g) ?? [];
console.log(`records             ${records.trimEnd().split("\n").length}`);
console.log(
  `alerts              ${[...new Set(alerts)].map((text) => text.split('"')[3]).join(", ")}`,
);

const whole = await command("verify-log", path, "--key", publicKey);
console.log(`as written          exit code ${whole}`);

// Somebody who can write the file turns one failed login into a success.
writeFileSync(path, records.replace('"audit.outcome":"failure"', '"audit.outcome":"success"'));
const changed = await command("verify-log", path, "--key", publicKey);
console.log(`one record changed  exit code ${changed}`);

// Somebody cuts off the last hundred lines.
writeFileSync(path, records.split("\n").slice(0, -100).join("\n"));
const cut = await command("verify-log", path, "--key", publicKey);
console.log(`the end cut off     exit code ${cut}`);

writeFileSync(path, records);
const report = await command("audit-report", path, "--key", publicKey, "--out", page);
console.log(`the page            exit code ${report}`);

const asExpected = whole === 0 && changed === 1 && cut === 2 && report === 0;
if (values.once) {
  rmSync(folder, { recursive: true });
} else {
  console.log(`\nOpen ${page}. The log is beside it.`);
}
process.exitCode = asExpected ? 0 : 1;
