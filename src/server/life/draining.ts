import { requestSlot } from "../../core/request/request-slot.js";

/** Set on requests of a server that is about to close. `readyz` answers such requests with 503. */
export const draining = requestSlot<true>("serverDraining");
