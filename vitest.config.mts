import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/consumers/**"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
