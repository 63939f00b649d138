import {
  type Channel,
  type ChannelListener,
  channel,
  subscribe,
  unsubscribe,
} from "node:diagnostics_channel";
import { describe, expect, it, vi } from "vitest";
import { safeChannel } from "./safe-channel.js";

/** The two ways to subscribe, and to leave, that Node has. */
const WAYS = [
  [
    "diagnostics_channel.subscribe(name, …)",
    {
      join: (name: string, listener: ChannelListener) => subscribe(name, listener),
      leave: unsubscribe,
    },
  ],
  [
    "channel(name).subscribe(…)",
    {
      join: (name: string, listener: ChannelListener) => channel(name).subscribe(listener),
      leave: (name: string, listener: ChannelListener): unknown =>
        channel(name).unsubscribe(listener),
    },
  ],
] as const;

let opened = 0;

function newName(): string {
  opened += 1;
  return `express-secure-api:test-${opened}`;
}

function throwing(): void {
  throw new Error("broken monitor");
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

// Vitest fails the run on an uncaught exception or an unhandled rejection.
describe.each(WAYS)("a channel of ours, with %s,", (_way, { join, leave }) => {
  it("outlives subscribers that throw or reject, and calls the others", async () => {
    const name = newName();
    const ours = safeChannel(name);
    const seen: unknown[] = [];
    join(name, throwing);
    join(name, (async () => throwing()) as ChannelListener);
    join(name, (message, from) => void seen.push([message, from]));
    const message = { decided: true };
    ours.publish(message);
    await nextTurn();
    expect(seen).toEqual([[message, name]]);
  });

  it("lets subscribers go, and come back", () => {
    const name = newName();
    const ours = safeChannel(name);
    const subscriber = vi.fn(throwing);
    for (const calls of [1, 2]) {
      join(name, subscriber);
      expect(ours.hasSubscribers).toBe(true);
      ours.publish({});
      expect(subscriber).toHaveBeenCalledTimes(calls);
      expect(leave(name, subscriber)).toBe(true);
      expect(ours.hasSubscribers).toBe(false);
      expect(leave(name, subscriber)).toBe(false);
    }
  });

  it("calls one that subscribed twice twice, until it has left twice", () => {
    const name = newName();
    const ours = safeChannel(name);
    const subscriber = vi.fn();
    join(name, subscriber);
    join(name, subscriber);
    ours.publish({});
    leave(name, subscriber);
    ours.publish({});
    leave(name, subscriber);
    ours.publish({});
    expect(subscriber).toHaveBeenCalledTimes(3);
  });

  it("calls all subscribers although one leaves while it is called", () => {
    const name = newName();
    const ours = safeChannel(name);
    const seen: string[] = [];
    const once = (): void => {
      seen.push("once");
      leave(name, once);
    };
    join(name, once);
    join(name, () => void seen.push("always"));
    ours.publish({});
    ours.publish({});
    expect(seen).toEqual(["once", "always", "always"]);
  });

  it("knows who subscribed before it was safe, and lets them go", () => {
    const name = newName();
    const [early, both] = [vi.fn(), vi.fn()];
    join(name, early);
    join(name, both);
    const ours = safeChannel(name);
    join(name, both);
    ours.publish({});
    expect(early).toHaveBeenCalledOnce();
    expect(both).toHaveBeenCalledTimes(2);
    for (const subscriber of [both, both, early]) expect(leave(name, subscriber)).toBe(true);
    expect(ours.hasSubscribers).toBe(false);
  });

  it("refuses what is no function, as Node does", () => {
    const name = newName();
    safeChannel(name);
    expect(() => join(name, "listener" as never)).toThrow(TypeError);
  });
});

describe("a channel of ours", () => {
  it("is made safe once, by whichever copy of the library comes first", async () => {
    const name = newName();
    const first = safeChannel(name);
    const { subscribe: made } = first;
    vi.resetModules();
    const other = await import("./safe-channel.js");
    expect(other.safeChannel).not.toBe(safeChannel);
    const second: Channel = other.safeChannel(name);
    expect(second).toBe(first);
    expect(second.subscribe).toBe(made);
    const subscriber = vi.fn(throwing);
    subscribe(name, subscriber);
    second.publish({});
    expect(subscriber).toHaveBeenCalledOnce();
    expect(unsubscribe(name, subscriber)).toBe(true);
    expect(first.hasSubscribers).toBe(false);
  });

  it("shows nothing new to what lists it, and leaves other channels alone", () => {
    const name = newName();
    expect(Object.keys(safeChannel(name))).toEqual(Object.keys(channel(newName())));
    expect(Object.hasOwn(channel(newName()), "subscribe")).toBe(false);
  });
});
