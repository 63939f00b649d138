import type { Request, Response } from "express";
import { requestSlot } from "./request-slot.js";

/** Puts header fields on the response. It may be called more than once. */
type WriteHeaders = (req: Request, res: Response) => void;

const owed = requestSlot<WriteHeaders>("owedHeaders");

/**
 * Says that the response is to have header fields which a later guard writes together with its own. A refusal in between
 * writes them first, so that no answer goes without.
 *
 * @param write - One function for all requests.
 */
export function oweHeaders(req: Request, write: WriteHeaders): void {
  owed.set(req, write);
}

/** Writes what is owed; the answer must not have begun. */
export function payHeaders(req: Request, res: Response): void {
  owed.get(req)?.(req, res);
}
