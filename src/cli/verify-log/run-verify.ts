import { LogFileError } from "../../audit-log/log-files/log-file-error.js";
import { LogLimitError } from "../../audit-log/verify/findings/log-limit-error.js";
import { verifyLogFiles } from "../../audit-log/verify/verify-log-files.js";
import type { CommandChannel } from "../terminal/command-channel.js";
import { CommandError } from "../terminal/command-error.js";
import { exitCodeOf, VERIFY_FORMATS } from "./format-verdict.js";
import { readAnchors } from "./read-anchors.js";
import { readPublicKey } from "./read-public-key.js";
import type { VerifyArguments } from "./verify-arguments.js";

/**
 * Verifies log files and writes the verdict. Resolves to 0 when nothing was changed and nothing is missing, to 1 when
 * something was changed, and to 2 when something is missing.
 *
 * @throws CommandError when there is no answer.
 */
export async function runVerify(
  given: VerifyArguments,
  color: boolean,
  channel: CommandChannel,
): Promise<0 | 1 | 2> {
  const keys = given.keys.map(readPublicKey);
  const { files, maxFindings, maxAge, format } = given;
  try {
    const anchors = await readAnchors(given.anchors);
    const now = Date.now();
    const report = await verifyLogFiles(files, { keys, anchors, maxFindings, maxAge, now });
    channel.write(VERIFY_FORMATS[format](report, color));
    return exitCodeOf(report);
  } catch (error) {
    if (error instanceof LogFileError || error instanceof LogLimitError) {
      throw new CommandError(error.message);
    }
    throw error;
  }
}
