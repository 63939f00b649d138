import type { Socket } from "node:net";
import type { Request, Response } from "express";
import { isGone } from "./is-gone.js";

/** What is to be done when a connection closes: one listener for all requests on it. */
const atClose = new WeakMap<Socket, Set<() => void>>();

/** Whether nothing will say any more that the request is over. */
function isOver(req: Request, res: Response): boolean {
  return isGone(req, res) || res.closed || (res.writableEnded && res.writableFinished);
}

/**
 * Acts once when the request is over: its answer was sent, or its client has left. At once, if it is over already.
 *
 * An answer says so with "close", but not one that waits behind others of its connection (HTTP/1.1 pipelining): when that
 * closes, Node tells only the one whose turn it was. So the connection is listened to as well.
 *
 * @returns What ends the waiting.
 */
export function whenOver(req: Request, res: Response, act: () => void): () => void {
  if (isOver(req, res)) {
    act();
    return ignore;
  }
  const acts = actsOf(req);
  const stop = (): void => {
    res.removeListener("close", end);
    acts?.delete(end);
  };
  const end = (): void => {
    stop();
    act();
  };
  res.once("close", end);
  acts?.add(end);
  return stop;
}

/** `undefined` over HTTP/2, where every answer has a stream of its own, and for requests that no server has made. */
function actsOf(req: Request): Set<() => void> | undefined {
  const socket: Partial<Socket> | null | undefined = req.socket;
  if (req.httpVersionMajor !== 1 || typeof socket?.once !== "function") return undefined;
  const known = atClose.get(socket as Socket);
  if (known !== undefined) return known;
  const acts = new Set<() => void>();
  atClose.set(socket as Socket, acts);
  socket.once("close", () => {
    for (const act of [...acts]) act();
  });
  return acts;
}

function ignore(): void {}
