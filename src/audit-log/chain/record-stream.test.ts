import { describe, expect, it } from "vitest";
import { sha256 } from "../../../test/support/audit-log/check-stream.js";
import { RecordNumbers } from "../facts/record-numbers.js";
import { createRecordTable } from "../record/record-table.js";
import { RecordStream } from "./record-stream.js";

interface Setup {
  readonly stream: RecordStream;
  readonly lines: string[];
  readonly refused: () => number;
  /** Writes a record with this text, and calls the function while it is made. */
  readonly write: (text: string, meanwhile?: () => void) => void;
  readonly recordOf: (recordId: string, text: string) => string;
}

function setUp(isChained = true, onLine: (line: string) => void = () => undefined): Setup {
  const lines: string[] = [];
  let refused = 0;
  const sink = {
    write(line: string): void {
      lines.push(line);
      onLine(line);
    },
    refuse(): void {
      refused += 1;
    },
  };
  const stream = new RecordStream(new RecordNumbers(), isChained, sink);
  const table = createRecordTable<{ recordId: string; text: string }>([
    { name: "audit.record.id", read: ({ recordId }) => recordId, quoted: true },
    { name: "text", read: ({ text }) => text, quoted: true },
    ...stream.columns,
  ]);
  const recordOf = (recordId: string, text: string): string => table({ recordId, text });
  return {
    stream,
    lines,
    refused: () => refused,
    recordOf,
    write: (text, meanwhile) =>
      stream.write((recordId) => {
        meanwhile?.();
        return recordOf(recordId, text);
      }),
  };
}

function textsOf(lines: readonly string[]): readonly unknown[] {
  return lines.map((line) => JSON.parse(line).text);
}

function expectChain(lines: readonly string[]): void {
  lines.forEach((line, index) => {
    const record = JSON.parse(line);
    expect(record["audit.sequence.number"]).toBe(index + 1);
    expect(record["audit.record.id"]).toBe(`${record["audit.sequence.stream_id"]}-${index + 1}`);
    const previous = lines[index - 1];
    expect(record["audit.sequence.previous_hash"]).toBe(previous && sha256(previous));
  });
}

describe("a stream of records", () => {
  it("numbers records from 1 and gives each the hash of the line before it", () => {
    const { lines, write } = setUp();
    for (const text of ["a", "é", "c"]) write(text);
    expect(lines).toHaveLength(3);
    expect(lines[0]).not.toContain("previous_hash");
    expectChain(lines);
  });

  it("has no members of a chain where none is wanted", () => {
    const { lines, write } = setUp(false);
    write("a");
    write("b");
    expect(lines[1]).toMatch(/^\{"audit.record.id":"[\w-]{36}-2","text":"b"\}$/);
  });

  it("puts a record that is caused while another one is made right behind it", () => {
    const { lines, write } = setUp();
    write("a", () => {
      write("b", () => write("c"));
      write("d");
    });
    write("e");
    expect(textsOf(lines)).toEqual(["a", "b", "d", "c", "e"]);
    expectChain(lines);
  });

  it("puts a record that is caused while another one is written behind it", () => {
    let nested = 0;
    const { lines, write } = setUp(true, () => {
      nested += 1;
      if (nested <= 3) write(`nested ${nested}`);
    });
    write("a");
    write("b");
    expect(textsOf(lines)).toEqual(["a", "nested 1", "nested 2", "nested 3", "b"]);
    expectChain(lines);
  });

  it("gives no number away for a record that could not be made", () => {
    const { lines, write } = setUp();
    write("a");
    const failing = (): void => {
      throw new Error("no");
    };
    expect(() => write("b", failing)).toThrow("no");
    write("c");
    expect(textsOf(lines)).toEqual(["a", "c"]);
    expectChain(lines);
  });

  it("gives a record that is made outside of it no members of the chain, whatever is made meanwhile", () => {
    const { lines, write, recordOf } = setUp();
    let outside = "";
    write("a", () => {
      outside = recordOf("another.0-1", "loss");
    });
    expect(outside).toBe('{"audit.record.id":"another.0-1","text":"loss"}');
    expectChain(lines);
  });

  it("begins with the record of the start, whatever comes first", () => {
    const { stream, lines, write } = setUp();
    stream.beginWith(() => write("start"));
    write("a");
    write("b");
    expect(textsOf(lines)).toEqual(["start", "a", "b"]);
    expectChain(lines);
  });

  it("refuses what comes behind its end, also from inside of the last record", () => {
    const { stream, lines, write, refused, recordOf } = setUp(true, (line) => {
      if (line.includes("last")) write("too late");
    });
    write("a");
    const make = (text: string) => ({ make: (id: string) => recordOf(id, text) });
    stream.end([make("last"), make("very last")]);
    write("much too late");
    expect(textsOf(lines)).toEqual(["a", "last", "very last"]);
    expect(refused()).toBe(3);
    expectChain(lines);
  });

  it("reminds once when so many records are written", () => {
    const { stream, write } = setUp();
    let reminders = 0;
    stream.remindAt(2, () => {
      reminders += 1;
    });
    write("a");
    expect(reminders).toBe(0);
    for (const text of ["b", "c", "d"]) write(text);
    expect(reminders).toBe(1);
  });
});
