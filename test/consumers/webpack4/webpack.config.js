const { join } = require("node:path");

module.exports = {
  entry: "./keys.cjs",
  mode: "production",
  target: "node",
  output: {
    path: join(__dirname, "out"),
    filename: "bundle.cjs",
    hashFunction: "sha256",
  },
  externals: [
    (_context, request, done) =>
      request.startsWith("node:") ? done(null, `commonjs ${request}`) : done(),
  ],
  module: {
    rules: [
      {
        test: /\.c?js$/,
        loader: "esbuild-loader",
        options: {
          target: "es2020",
          supported: { "optional-chain": false, "nullish-coalescing": false },
        },
      },
    ],
  },
};
