import express from "express";
import { PATH } from "../workload.mjs";

/** Express 5 with `express.json()` and one route: what an API costs before anything secures it. */
export function createApp() {
  const app = express();
  app.use(express.json());
  app.post(PATH, (req, res) => res.json({ id: req.body.id }));
  return app;
}
