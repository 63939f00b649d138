// Fires requests at an app that listens on a free port, and asserts on status and code.
const assert = require("node:assert/strict");

/** Each row: method and path, status, code (if any), token (if any), JSON body (if any). */
async function assertAnswers(app, rows) {
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    for (const { request, status, code, token, body } of rows) {
      const [method, path] = request.split(" ");
      const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      assert.equal(answer.status, status, `${request} answered ${answer.status}: ${text}`);
      if (code !== undefined) assert.equal(JSON.parse(text).code, code, request);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

module.exports = { assertAnswers };
