import { requestSlot } from "../../core/request/request-slot.js";

/** Whether an `auditLog` writes the record of the request, or wrote it. */
export const auditState = requestSlot<"open" | "written">("audited");
