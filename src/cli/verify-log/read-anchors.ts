import { readLogFile } from "../../audit-log/log-files/read-log-file.js";
import { Anchors, parseAnchor } from "../../audit-log/verify/seals/anchors.js";
import { CommandError } from "../terminal/command-error.js";

/** One in ten seconds makes 260,000 in a month. All are held in memory. */
const MAX_ANCHORS = 1_000_000;

/**
 * Reads files with anchors, one JSON object on each line.
 *
 * @throws CommandError when a line is no anchor: one that is not understood would be one that is not checked.
 * @throws LogFileError when a file cannot be read.
 */
export async function readAnchors(files: readonly string[]): Promise<Anchors> {
  const anchors = new Anchors();
  for (const file of files) {
    const before = anchors.count;
    await readLogFile(file, {
      line(bytes, number) {
        if (bytes.length === 0) return;
        const anchor = parseAnchor(bytes.toString("utf8"));
        if (anchor === undefined) throw new CommandError(`${file}, line ${number}, is no anchor`);
        anchors.add(anchor);
        if (anchors.count > MAX_ANCHORS) {
          throw new CommandError(`${file} has more than a million anchors: name the newest ones`);
        }
      },
      longLine: (number) => {
        throw new CommandError(`${file}, line ${number}, is no anchor`);
      },
    });
    if (anchors.count === before && files.length === 1) {
      throw new CommandError(`${file} has no anchor in it`);
    }
  }
  return anchors;
}
