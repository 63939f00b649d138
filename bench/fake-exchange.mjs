import { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import express from "express";
import { requireFromLibrary } from "./library.mjs";
import { PATH } from "./workload.mjs";

const { secureHeaders } = requireFromLibrary("secure-headers");

/**
 * Express itself dresses request and response: what it adds to them decides how fast V8 reads them later (on Node 20 and
 * 22 every request object of Express has a hidden class of its own). A first guard, in report mode so that it changes
 * nothing, leaves what the guards of a request share; it costs once per request, whatever is mounted behind it.
 */
const app = express()
  .use(secureHeaders({ mode: "report" }))
  .use(() => {});

/** A connection that takes what is written and keeps nothing. */
class FakeSocket extends Duplex {
  constructor(remoteAddress) {
    super();
    this.remoteAddress = remoteAddress;
  }

  _read() {}

  _write(_chunk, _encoding, callback) {
    callback();
  }
}

/** Request and response as a middleware gets them, without network: for timing one middleware alone. */
export function createExchange(number, token) {
  const socket = new FakeSocket(`10.0.${(number >> 8) & 255}.${number & 255}`);
  const req = new IncomingMessage(socket);
  req.method = "POST";
  req.url = PATH;
  const fields = ["Host", "127.0.0.1", "User-Agent", "bench/1", "Content-Type", "application/json"];
  if (token !== undefined) fields.push("Authorization", `Bearer ${token}`);
  req.rawHeaders = fields;
  req._addHeaderLines(fields, fields.length);
  req.complete = true;
  const res = new ServerResponse(req);
  res.assignSocket(socket);
  // What node's own server does when an answer is out: "close" comes behind every listener of "finish".
  res.on("finish", () => {
    res.detachSocket(socket);
    process.nextTick(() => res.emit("close"));
  });
  app(req, res);
  return { req, res };
}
