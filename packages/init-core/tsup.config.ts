import { defineConfig } from "tsup";

// Two builds of one index. In browsers (the "browser" condition) useBackend has another list, so that no bundler meets a Node backend.
const shared = { target: "es2022", clean: false } as const;

export default defineConfig([
  { ...shared, entry: ["src/index.ts"], format: ["esm", "cjs"], dts: true },
  {
    ...shared,
    entry: { "index.browser": "src/index.ts" },
    format: ["esm"],
    platform: "browser",
    esbuildPlugins: [
      {
        name: "browser-backends",
        setup: (build) => build.onResolve({ filter: /^\.\/candidates\.js$/ }, ({ resolveDir }) => ({ path: `${resolveDir}/candidates.browser.ts` })),
      },
    ],
  },
]);
