import type { LogFileFacts } from "../log-files/read-log-file.js";
import { unreadableText } from "./fault-text.js";
import type { FindingList } from "./findings/finding-list.js";
import type { LineKind, LinePlace } from "./lines/record-line.js";

type OtherLine = Extract<LineKind, { readonly other: string }>;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** What is to be said of files and of lines that are no records of a chain. */
export class FileNotes {
  readonly #files: readonly string[];
  readonly #findings: FindingList;
  /** Lines of others in the file that is read, and the first of them. */
  #foreign = 0;
  #firstForeign = 0;
  /** A line without its end, as a crash leaves it; what stands behind it tells. */
  #torn: LinePlace | undefined;

  constructor(files: readonly string[], findings: FindingList) {
    this.#files = files;
    this.#findings = findings;
  }

  /** A record stands there. */
  record(begins: boolean): void {
    if (this.#torn !== undefined) this.#sayTorn(begins);
  }

  other(read: OtherLine, bytes: Buffer, file: number, line: number, ended: boolean): void {
    if (read.other === "blank") return;
    const torn = this.#torn;
    if (torn !== undefined && read.other === "foreign" && isEndOfRecord(bytes)) {
      // Its end, which now stands on a line of its own.
      this.#torn = undefined;
      this.#unreadable("cut", torn.file, torn.line);
      return;
    }
    if (torn !== undefined) this.#sayTorn(false);
    if (read.other === "foreign") {
      if (this.#foreign === 0) this.#firstForeign = line;
      this.#foreign += 1;
    } else if (read.other === "unreadable") {
      const whole = ended && bytes[bytes.length - 1] === CLOSE_BRACE;
      if (read.why === "cut" && !whole) this.#torn = { file, line };
      else this.#unreadable(read.why, file, line);
    }
  }

  /** A record that goes on as another one, or as nothing. */
  torn(file: number, line: number): void {
    if (this.#torn !== undefined) this.#sayTorn(false);
    this.#torn = { file, line };
  }

  longLine(file: number, line: number, bytes: number): void {
    const message = `this line of ${bytes.toLocaleString("en-US")} bytes is longer than any record, and was not looked at`;
    this.#findings.add("unreadable_line", { file: this.#nameOf(file), line, message });
  }

  end(index: number, { bytes, byteOrderMark, carriageReturns, damaged }: LogFileFacts): void {
    const file = this.#nameOf(index);
    const add = this.#findings.add.bind(this.#findings);
    if (this.#torn !== undefined) this.#sayTorn(true);
    if (damaged) {
      add("damaged_file", {
        file,
        message: "its gzip data is cut or broken: the rest was not read",
      });
    }
    if (bytes === 0 && !damaged) add("empty_file", { file, message: "there is nothing in it" });
    if (byteOrderMark) {
      const message =
        "a byte order mark stands in front of it, which no log writes: it was saved again";
      add("byte_order_mark", { file, message });
    }
    if (carriageReturns > 0) {
      const message = `${carriageReturns === 1 ? "1 line ends" : `${carriageReturns} lines end`} in CRLF, which no log writes: it was saved or sent as text`;
      add("carriage_returns", { file, message });
    }
    if (this.#foreign > 0) {
      const message = `${this.#foreign === 1 ? "1 line is no record" : `${this.#foreign} lines are no records`}: another program writes to the same place`;
      add("other_lines", { file, line: this.#firstForeign, message });
    }
    this.#foreign = 0;
  }

  #unreadable(why: Parameters<typeof unreadableText>[0], file: number, line: number): void {
    this.#findings.add("unreadable_line", {
      file: this.#nameOf(file),
      line,
      message: unreadableText(why),
    });
  }

  /** @param atEnd - Whether nothing follows, or a new stream: the writer was ended there. */
  #sayTorn(atEnd: boolean): void {
    const { file, line } = this.#torn as LinePlace;
    this.#torn = undefined;
    const message = atEnd
      ? "this record was not written to its end: the process, or the machine, was ended at that moment"
      : "this record was not written to its end, though others follow: the disk was full, or somebody cut it";
    this.#findings.add("torn_line", { file: this.#nameOf(file), line, message });
  }

  #nameOf(file: number): string {
    return this.#files[file] ?? "";
  }
}

/** The next program may say something behind a crash; the end of a record says that somebody broke the line. */
function isEndOfRecord(bytes: Buffer): boolean {
  return bytes[0] !== OPEN_BRACE && bytes[bytes.length - 1] === CLOSE_BRACE;
}
