const NodeEnvironment = require("jest-environment-node");

module.exports = class extends NodeEnvironment {
  async setup() {
    await super.setup();
    for (const name of [
      "AbortController",
      "AbortSignal",
      "fetch",
      "performance",
      "structuredClone",
    ]) {
      this.global[name] = globalThis[name];
    }
  }
};
