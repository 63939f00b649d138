import { describe, expect, it, vi } from "vitest";
import { Turns } from "./turns.js";

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

describe("Turns", () => {
  it("does at most fifty things in a turn, in their order, whenever they come", async () => {
    const turns = new Turns();
    const done: number[] = [];
    for (let index = 0; index < 120; index += 1) turns.take(() => done.push(index));
    expect(done).toHaveLength(50);
    await turn();
    turns.take(() => done.push(120));
    expect(done).toHaveLength(100);
    await vi.waitFor(() => expect(done).toEqual(Array.from({ length: 121 }, (_, index) => index)));
    turns.take(() => done.push(121));
    expect(done).toHaveLength(122);
  });

  it("does all that waits when it is closed", () => {
    const turns = new Turns();
    let done = 0;
    for (let index = 0; index < 120; index += 1) turns.take(() => (done += 1));
    turns.close();
    expect(done).toBe(120);
  });
});
