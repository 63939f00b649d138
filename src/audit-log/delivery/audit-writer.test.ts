import { describe, expect, it } from "vitest";
import type { Lane } from "../lanes/lane.js";
import { AuditWriter } from "./audit-writer.js";
import { FailureReport } from "./failure-report.js";

/** A lane that keeps its lines, and calls a function for each. */
class KeptLane implements Lane {
  readonly pending = 0;
  readonly lost = 0;
  readonly failing = false;
  readonly label = "kept";
  readonly oldest = undefined;
  readonly owing = false;
  readonly stalled = false;
  readonly direct: boolean;
  readonly lines: string[] = [];
  onLine: (line: string) => void = () => undefined;

  constructor(direct: boolean) {
    this.direct = direct;
  }

  write(line: string): void {
    this.lines.push(line);
    this.onLine(line);
  }

  settle(): void {}
  refuse(): void {}
  close(): void {}
}

describe("the writer of the log", () => {
  it.each([0, 1, 2, 3])(
    "gives every sink the records in their order, when sink %i causes one while it is given one",
    (position) => {
      const lanes = [true, true, false, false].map((direct) => new KeptLane(direct));
      const writer = new AuditWriter(
        lanes,
        new FailureReport(
          () => undefined,
          () => 0,
        ),
      );
      const causing = lanes[position] as KeptLane;
      causing.onLine = (line) => {
        if (line.length < 4) writer.write(`${line}+`);
      };
      writer.write("a");
      writer.write("b");
      for (const { lines } of lanes)
        expect(lines).toEqual(["a", "a+", "a++", "a+++", "b", "b+", "b++", "b+++"]);
      expect(writer.stats.records).toBe(8);
    },
  );

  it("gives our own sinks a record that a foreign one causes before it goes on with the foreign ones", () => {
    const [own, foreign, other] = [true, false, false].map((direct) => new KeptLane(direct));
    const writer = new AuditWriter(
      [own, foreign, other] as Lane[],
      new FailureReport(
        () => undefined,
        () => 0,
      ),
    );
    let seen: readonly string[] = [];
    (foreign as KeptLane).onLine = (line) => {
      if (line !== "a") return;
      writer.write("b");
      seen = [...(own as KeptLane).lines];
    };
    writer.write("a");
    expect(seen).toEqual(["a", "b"]);
    expect(other?.lines).toEqual(["a", "b"]);
  });
});
