import Transport from "winston-transport";
import { lineOf } from "./winston-info.js";

/**
 * A winston transport that can also be written to at once.
 *
 * `auditLog` calls `writeLine`, past winston's streams: those hold records in memory, where a full disk, an exit or a
 * stalled neighbour loses them. In a logger of the app it works like any other transport.
 */
export abstract class DirectTransport extends Transport {
  /** The factory, for messages. */
  abstract readonly label: string;

  /** Lines that were taken but not handed to the operating system yet. */
  get pending(): number {
    return 0;
  }

  /**
   * Writes one line, given without its line end, before it returns. What is lost later is announced as event `lost`
   * with a count, an error, and how many lines were written later than these and are not lost.
   *
   * @throws Whatever the operating system reports; the line is lost then.
   */
  abstract writeLine(line: string): void;

  /** Releases what the transport holds. Later lines are refused. */
  abstract override close(): void;

  override log(info: unknown, next: () => void): void {
    try {
      this.writeLine(lineOf(info));
      setImmediate(() => this.emit("logged", info));
    } catch (error) {
      // Not "error": winston takes a transport out of service after its first one.
      this.emit("warn", error);
    }
    next();
  }
}
