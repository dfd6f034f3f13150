import { defineConfig } from "tsup";

// Two builds of one index: in browsers (the "browser" condition) plots are drawn in the page's own document, and linkedom is not referenced.
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
        name: "browser-document",
        setup: (build) => build.onResolve({ filter: /^\.\/plot-document\.js$/ }, ({ resolveDir }) => ({ path: `${resolveDir}/plot-document.browser.ts` })),
      },
    ],
  },
]);
