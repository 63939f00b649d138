import { type Channel, type ChannelListener, channel } from "node:diagnostics_channel";
import { callObserver } from "../calls/follow.js";

/** The methods that Node's channels inherit; its type declarations lack the result of the second. */
interface Subscribable {
  subscribe(subscriber: ChannelListener): void;
  unsubscribe(subscriber: ChannelListener): boolean;
}

/** On a channel that a copy of this library has made safe already. */
const SAFE = Symbol.for("express-secure-api.safe-channel/1");

/**
 * Opens a diagnostics channel of ours, on which a subscriber that throws or rejects breaks nothing.
 *
 * Node ends the process when a subscriber throws (an uncaughtException on the next tick). A broken monitor must not do
 * that, so `subscribe` of this one channel puts a function around each subscriber that swallows its faults: there is
 * nobody to tell who could mend them. Who subscribed before this library was loaded is called by Node itself, because
 * Node lets nobody see the subscribers of a channel.
 *
 * The methods stand on the channel for the whole process, as the channel itself does: Node has one for each name.
 */
export function safeChannel(name: string): Channel {
  // While it is held, Node makes no other channel of this name.
  const opened = channel(name);
  if (Object.hasOwn(opened, SAFE)) return opened;
  const guarded = new WeakMap<ChannelListener, ChannelListener>();

  function subscribe(subscriber: ChannelListener): void {
    let safe = guarded.get(subscriber);
    // What is no function goes to Node as it is, which says so.
    if (safe === undefined && typeof subscriber === "function") {
      safe = swallowFaults(subscriber);
      guarded.set(subscriber, safe);
      // For the first subscriber, Node calls `subscribe` of the channel once more, with what it got.
      guarded.set(safe, safe);
    }
    inherited(opened).subscribe.call(opened, safe ?? subscriber);
  }

  function unsubscribe(subscriber: ChannelListener): boolean {
    const safe = guarded.get(subscriber);
    if (safe !== undefined && inherited(opened).unsubscribe.call(opened, safe)) return true;
    // It may have subscribed before the channel was safe.
    return inherited(opened).unsubscribe.call(opened, subscriber);
  }

  return Object.defineProperties(opened, {
    subscribe: { value: subscribe, configurable: true, writable: true },
    unsubscribe: { value: unsubscribe, configurable: true, writable: true },
    [SAFE]: { value: true },
  });
}

function swallowFaults(subscriber: ChannelListener): ChannelListener {
  return (message, name) => {
    callObserver(() => subscriber(message, name));
  };
}

/** Node gives the channel another prototype when its first subscriber comes, and when its last one goes. */
function inherited(opened: Channel): Subscribable {
  return Object.getPrototypeOf(opened) as Subscribable;
}
