// One project per package and backend: "linalg:wasm", "linalg:tensorflow". A backend that is not on the machine yields no project and one printed line.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));
const required = (process.env.WARMSTART_REQUIRE ?? "").split(",").filter(Boolean);

function nativePresent(): boolean {
  const require = createRequire(import.meta.url);
  try {
    return existsSync(`${require.resolve("@tensorflow/tfjs-node/package.json").replace(/package\.json$/, "")}lib/napi-v8/tfjs_binding.node`);
  } catch {
    return false;
  }
}

const backends = ["wasm", "tensorflow"].filter((name) => {
  if (name === "wasm" || nativePresent()) return true;
  if (required.includes(name)) throw new Error(`WARMSTART_REQUIRE names "${name}", which is not on this machine: run \`npm run native\` first`);
  if (process.env.WARMSTART_SAID !== name) console.log(`backend ${name}: absent, no tests (\`npm run native\` installs it)`);
  process.env.WARMSTART_SAID = name; // vitest reads this file once a project
  return false;
});

const folders = [...readdirSync(`${root}packages`).map((name) => `packages/${name}`), "conformance", "bench", "examples"].filter((folder) => existsSync(`${root}${folder}/package.json`));
const alias = readdirSync(`${root}packages`)
  .filter((name) => existsSync(`${root}packages/${name}/src/index.ts`))
  .map((name) => ({ find: new RegExp(`^@warmstart/${name}$`), replacement: `${root}packages/${name}/src/index.ts` }));
const project = (folder: string) => folder.replace("packages/", "");

export default defineConfig({
  resolve: { alias },
  test: {
    maxWorkers: 2,
    projects: folders.flatMap((folder) =>
      backends
        .filter((backend) => backend === "wasm" || !["wasm-training", "report"].includes(project(folder))) // kernels of one backend; no backend at all
        .map((backend) => ({
          extends: true as const,
          test: {
            name: `${project(folder)}:${backend}`,
            root: `${root}${folder}`,
            include: ["src/**/*.test.ts", "*/**/*.test.ts"],
            exclude: ["**/node_modules/**", "**/dist/**", ...(backend === "wasm" ? [] : ["**/*.once.test.ts"])], // tests in which no backend plays a part run once
            env: { WARMSTART_BACKEND: backend, TF_CPP_MIN_LOG_LEVEL: "2" },
            setupFiles: [`${root}test-kit/src/setup.ts`],
            pool: "forks" as const,
            testTimeout: 120_000,
            hookTimeout: 120_000,
          },
        })),
    ),
  },
});
