// The files of the folder above are checked against the types of Express 4 here, and not against those of Express 5.
import type { Request } from "express";
import { assertType, type Equal } from "../equal.js";

assertType<Equal<Request["params"][string], string>>();
