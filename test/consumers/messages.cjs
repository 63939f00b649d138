// What the consumer's own TypeScript says about a missing audience must name it: `test/type-messages.test.ts` asserts
// the same of the compiler of this repository.
const { spawnSync } = require("node:child_process");
const { readFileSync } = require("node:fs");

const calls = readFileSync("types/messages/missing-audience.ts", "utf8").match(
  /^\w+\(\{.*issuer/gm,
);
const { stdout } = spawnSync("npx", ["tsc", "-p", "types/messages", "--pretty", "false"], {
  encoding: "utf8",
});
const messages = stdout.split(/^(?=\S)/m);
const named = messages.filter((message) => message.includes("Property 'audience' is missing"));
if (named.length !== calls.length || messages.length !== calls.length) {
  console.error(stdout);
  process.exit(1);
}
