import { pipeChannel } from "../terminal/command-channel.js";
import { auditApp } from "./audit-app.js";
import { readArguments } from "./read-arguments.js";

// What `supervise` starts: the first argument is about colours, the others are those of the command.
const [color, ...args] = process.argv.slice(2);
const given = readArguments(args);
if (given !== undefined) void auditApp(given, color === "color", pipeChannel);
