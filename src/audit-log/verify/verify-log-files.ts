import { hash, type KeyObject } from "node:crypto";
import { readLogFile } from "../log-files/read-log-file.js";
import { LogLimitError } from "./findings/log-limit-error.js";
import { LogJudge } from "./judge/judge-log.js";
import { LineReader } from "./lines/read-line.js";
import { isIrregular } from "./lines/record-line.js";
import { endOfTorn } from "./lines/torn-line.js";
import { type LogReport, toReport } from "./log-report.js";
import { LogVerifier } from "./log-verifier.js";
import type { Anchors } from "./seals/anchors.js";
import { LineAnswers } from "./streams/line-answers.js";

/** What a log is verified with. */
export interface VerifySettings {
  /** Ed25519 public keys, one of which must have certified each stream. Empty: nobody's signature is checked. */
  readonly keys: readonly KeyObject[];
  readonly anchors: Anchors;
  /** How many findings the report lists; all are counted. */
  readonly maxFindings: number;
  /** How old the last checkpoint of a stream may be that is not closed, in milliseconds; `undefined`: it is a finding. */
  readonly maxAge: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const STANDARD_INPUT = "-";

/**
 * Verifies log files: whether any record was changed, and whether any is missing. Files are read once, and a second
 * time only when records stand in them more than once. What is held in memory grows with the number of streams and of
 * gaps, not with the number of lines.
 *
 * @param files - In any order; `-` is the standard input. The lines of a stream may stand in several of them.
 * @throws LogFileError when a file cannot be read.
 * @throws LogLimitError when there are too many streams to hold.
 */
export async function verifyLogFiles(
  files: readonly string[],
  settings: VerifySettings,
): Promise<LogReport> {
  const verifier = new LogVerifier(files, settings.anchors, settings.maxFindings, settings.keys);
  try {
    for (const [index, file] of files.entries()) await readInto(verifier, file, index);
  } catch (error) {
    // That the lines are in no order, or all changed, is an answer.
    if (error instanceof LogLimitError && verifier.findings.counts.has("too_many_breaks")) {
      return toReport(verifier, checksSignatures(settings));
    }
    throw error;
  }
  return await judgeLogFiles(verifier, settings);
}

/**
 * Judges what a verifier was shown, which were all lines of its files.
 *
 * @throws LogFileError when a file has to be read once more, and cannot be.
 */
export async function judgeLogFiles(
  verifier: LogVerifier,
  settings: Omit<VerifySettings, "maxFindings">,
): Promise<LogReport> {
  if (verifier.records === 0) {
    const message = "there is no record of an audit log in these files";
    verifier.findings.add("no_records", { message });
  }
  const judge = new LogJudge(verifier);
  const answers = new LineAnswers();
  judge.ask(answers);
  if (!answers.isEmpty) await readAgain(verifier.files, answers);
  const { keys, maxAge, now } = settings;
  judge.judge(answers, { keys, maxAge, now });
  return toReport(verifier, checksSignatures(settings));
}

function checksSignatures({ keys, anchors }: Pick<VerifySettings, "keys" | "anchors">): boolean {
  return keys.length > 0 || anchors.count > 0;
}

async function readInto(verifier: LogVerifier, file: string, index: number): Promise<void> {
  const facts = await readLogFile(file, {
    line: (bytes, number, ended) => verifier.line(bytes, index, number, ended),
    longLine: (number, bytes) => verifier.longLine(index, number, bytes),
  });
  verifier.endFile(index, facts);
}

async function readAgain(files: readonly string[], answers: LineAnswers): Promise<void> {
  const reader = new LineReader();
  for (const file of files) {
    if (file === STANDARD_INPUT) continue;
    await readLogFile(file, {
      line(bytes, number, ended) {
        const read = reader.read(bytes);
        const torn = isIrregular(read) ? endOfTorn(bytes, reader.scan) : 0;
        if (torn > 0 && torn < bytes.length) {
          this.line(bytes.subarray(torn), number, ended);
          return;
        }
        if ("other" in read || !answers.isAsked(read.stream, read.number)) return;
        answers.answer(read.stream, read.number, hash("sha256", bytes, "base64url"));
      },
      longLine: () => undefined,
    });
  }
}
