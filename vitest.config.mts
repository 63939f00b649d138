import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    globalSetup: "scripts/temporary-directory.mjs",
    setupFiles: "test/support/patience.ts",
    // The default is a second: too little on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      { extends: true, test: { name: "src", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "test/consumers/**"],
          // These tests see the library as its users do: built.
          globalSetup: "scripts/build-for-tests.mjs",
        },
      },
    ],
  },
});
