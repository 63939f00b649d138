import { DirectTransport } from "../../../src/audit-log/sinks/direct-transport.js";

/** A sink of our own kind that keeps the lines in memory. */
export class MemorySink extends DirectTransport {
  readonly label = "memory";
  readonly lines: string[] = [];
  /** What the sink throws in place of taking a line. */
  error: Error | undefined;

  get records(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  override writeLine(line: string): void {
    if (this.error !== undefined) throw this.error;
    this.lines.push(line);
  }

  override close(): void {}
}
