// Compiled and run by each TypeScript consumer; the compiler keeps the import of the declarations, so it must load.
import express from "express";
import "express-secure-api/augment";
import { errorHandler, notFound } from "express-secure-api/errors";
import { oauthGuard } from "express-secure-api/oauth-guard";
import { createTestIssuer } from "express-secure-api/testing";

const issuer = createTestIssuer();
const app = express();
app.get("/me", oauthGuard(issuer.options()), (req, res) => {
  res.json({ subject: req.auth?.subject });
});
app.use(notFound(), errorHandler());

const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  fetch(`http://127.0.0.1:${address.port}/me`, {
    headers: { authorization: `Bearer ${issuer.mint()}` },
  })
    .then((answer) => answer.text())
    .then((text) => {
      server.close();
      server.closeAllConnections();
      if (text !== '{"subject":"test-user"}') throw new Error(`unexpected answer: ${text}`);
    })
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
