// One project per package and backend: "linalg:wasm", "linalg:tensorflow". A backend that is not on the machine yields no project and one printed line.
// "linalg:webgpu" has the smoke tests alone, and conformance: the driver is made of software and slow.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { webgpuMissing } from "./test-kit/src/webgpu.js";

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

/** Why a backend cannot be had here, or undefined. */
const absent: Readonly<Record<string, () => string | undefined | Promise<string | undefined>>> = {
  wasm: () => undefined,
  tensorflow: () => (nativePresent() ? undefined : "`npm run native` installs it"),
  webgpu: webgpuMissing,
};

async function present(name: string): Promise<boolean> {
  const known = `WARMSTART_ABSENT_${name}`; // vitest reads this file once a project, in one process
  if (process.env[known] === undefined) {
    const reason = await absent[name]!();
    if (reason !== undefined && required.includes(name)) throw new Error(`WARMSTART_REQUIRE names "${name}", which is not on this machine: ${reason}`);
    if (reason !== undefined) console.log(`backend ${name}: absent, no tests (${reason})`);
    process.env[known] = reason ?? "";
  }
  return process.env[known] === "";
}

const backends: string[] = [];
for (const name of Object.keys(absent)) if (await present(name)) backends.push(name);

const folders = [...readdirSync(`${root}packages`).map((name) => `packages/${name}`), "conformance", "bench", "examples"].filter((folder) => existsSync(`${root}${folder}/package.json`));
const alias = readdirSync(`${root}packages`)
  .filter((name) => existsSync(`${root}packages/${name}/src/index.ts`))
  .map((name) => ({ find: new RegExp(`^@warmstart/${name}$`), replacement: `${root}packages/${name}/src/index.ts` }));
const project = (folder: string) => folder.replace("packages/", "");

// Their files share a process, which saves loading tfjs for each. The others register and unregister kernels or layers in ways that another file would see, or have not been tried.
const sharing = ["gnn-virgo", "init-core", "linalg", "lora-init", "optim-sai", "ssm-s4d"];

// Tests in which no backend plays a part run once, with those of the first.
const files = (backend: string) =>
  backend === "webgpu"
    ? { include: ["src/**/*.smoke.test.ts", "src/conformance.test.ts"], exclude: ["**/node_modules/**"] }
    : { include: ["src/**/*.test.ts", "*/**/*.test.ts"], exclude: ["**/node_modules/**", "**/dist/**", ...(backend === "wasm" ? [] : ["**/*.once.test.ts"])] };

export default defineConfig({
  resolve: { alias },
  test: {
    maxWorkers: 2,
    projects: folders.flatMap((folder) =>
      backends
        .filter((backend) => backend === "wasm" || !["wasm-training", "report"].includes(project(folder))) // kernels of one backend; no backend at all
        .filter((backend) => backend !== "webgpu" || !["bench", "examples"].includes(folder))
        .map((backend) => ({
          extends: true as const,
          test: {
            name: `${project(folder)}:${backend}`,
            root: `${root}${folder}`,
            ...files(backend),
            env: { WARMSTART_BACKEND: backend, TF_CPP_MIN_LOG_LEVEL: "2" },
            setupFiles: [`${root}test-kit/src/setup.ts`],
            pool: "forks" as const,
            isolate: !sharing.includes(project(folder)),
            testTimeout: 120_000,
            hookTimeout: 120_000,
          },
        })),
    ),
  },
});
