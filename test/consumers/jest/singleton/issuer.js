const { createTestIssuer } = require("express-secure-api/testing");

module.exports = createTestIssuer();
