import "@tensorflow/tfjs";
import { join } from "node:path";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPackage, type Project } from "./project.fixture.js";

/** Registers a backend "tensorflow" that computes on cpu, and puts it in use, as the real package does. */
const native = (name: string) => `
const tf = require("@tensorflow/tfjs-core");
const { MathBackendCPU } = require("@tensorflow/tfjs-backend-cpu");
tf.registerBackend("tensorflow", () => new MathBackendCPU(), 3);
for (const kernel of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...kernel, backendName: "tensorflow" });
tf.setBackend("tensorflow");
globalThis.standIn = ${JSON.stringify(name)};
`;

const program = `
const choice = await useBackend().catch(({ code, message }) => ({ code, message }));
console.log(JSON.stringify({ choice, standIn: globalThis.standIn, current: tf.getBackend() }));
`;
const esm = `import * as tf from "@tensorflow/tfjs-core"; import { useBackend } from "@warmstart/init-core"; ${program}`;
const cjs = `const tf = require("@tensorflow/tfjs-core"); const { useBackend } = require("@warmstart/init-core"); (async () => { ${program} })();`;
const missing = (name: string) => ({ name, reason: `not installed (npm install ${name})` });
const noGpu = { name: "@tensorflow/tfjs-backend-webgpu", reason: "navigator.gpu is missing, and so is the package that brings it to Node (npm install webgpu)" };

// The package as installed: the same for each backend's tests, so once is enough.
describe.runIf(process.env.WARMSTART_BACKEND !== "tensorflow")("the built package", () => {
  let built: ReturnType<typeof buildPackage>;
  const projects: Project[] = [];
  const project = (...installed: string[]) => {
    projects.push(built.project(installed));
    return projects.at(-1)!;
  };
  beforeAll(() => {
    built = buildPackage();
  });
  afterAll(() => {
    for (const { remove } of projects) remove();
    built.remove();
  });

  describe("in Node", () => {
    it("takes @tensorflow/tfjs-node-gpu first, from ESM and from CJS", () => {
      const p = project("@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-backend-wasm");
      p.standIn("@tensorflow/tfjs-node-gpu", native("gpu"));
      p.standIn("@tensorflow/tfjs-node", native("node"));
      p.write("main.js", esm);
      p.write("main.cjs", cjs);
      const expected = { choice: { backend: "tensorflow", package: "@tensorflow/tfjs-node-gpu", passedOver: [], trainingKernels: true }, standIn: "gpu", current: "tensorflow" };
      expect(p.run("main.js")).toEqual(expected);
      expect(p.run("main.cjs")).toEqual(expected);
    });

    it("takes @tensorflow/tfjs-node when the GPU's libraries are absent, and says so", () => {
      const p = project("@tensorflow/tfjs-backend-cpu");
      p.standIn("@tensorflow/tfjs-node-gpu", 'throw new Error("libcudart.so.11.0: cannot open shared object file");');
      p.standIn("@tensorflow/tfjs-node", native("node"));
      p.write("main.js", esm);
      const passedOver = [{ name: "@tensorflow/tfjs-node-gpu", reason: "libcudart.so.11.0: cannot open shared object file" }];
      expect(p.run("main.js")).toEqual({ choice: { backend: "tensorflow", package: "@tensorflow/tfjs-node", passedOver, trainingKernels: true }, standIn: "node", current: "tensorflow" });
    });

    it("takes WebAssembly, then cpu, where nothing better is installed", () => {
      const p = project("@tensorflow/tfjs-backend-wasm");
      p.write("main.js", esm);
      const better = [missing("@tensorflow/tfjs-node-gpu"), missing("@tensorflow/tfjs-node"), noGpu];
      expect(p.run("main.js")).toEqual({ choice: { backend: "wasm", package: "@tensorflow/tfjs-backend-wasm", passedOver: [...better, missing("@warmstart/wasm-training")], trainingKernels: false }, current: "wasm" });
      const q = project("@tensorflow/tfjs-backend-cpu");
      q.write("main.js", esm);
      expect(q.run("main.js")).toEqual({ choice: { backend: "cpu", package: "@tensorflow/tfjs-backend-cpu", passedOver: [...better, missing("@tensorflow/tfjs-backend-wasm")], trainingKernels: true }, current: "cpu" });
    });

    it("throws with every reason where none is installed", () => {
      const p = project();
      p.write("main.js", esm);
      const { choice } = p.run("main.js") as { choice: { code: string; message: string } };
      expect(choice.code).toBe("BACKEND");
      for (const name of ["tfjs-node-gpu", "tfjs-node", "tfjs-backend-wasm", "tfjs-backend-cpu"]) expect(choice.message).toContain(`@tensorflow/${name}: not installed`);
      expect(choice.message).toContain(noGpu.reason);
    });
  });

  describe("in a page built by Vite", () => {
    const page = `import { useBackend } from "@warmstart/init-core"; globalThis.choice = await useBackend(); console.log(JSON.stringify(globalThis.choice));`;
    const bundle = async (p: Project, { conditions, external = [] }: { conditions?: string[]; external?: string[] } = {}) => {
      p.write("index.html", '<!doctype html><script type="module" src="/main.js"></script>');
      p.write("main.js", page);
      const result = (await build({
        root: p.folder,
        configFile: false,
        logLevel: "silent",
        resolve: conditions === undefined ? {} : { conditions },
        build: { target: "es2022", minify: false, modulePreload: false, reportCompressedSize: false, outDir: join(p.folder, "built"), rollupOptions: { external, output: { entryFileNames: "main.js" } } },
      })) as Rollup.RollupOutput;
      return result.output.map((file) => (file.type === "chunk" ? file.code : "")).join("\n");
    };

    it("names no Node backend, and the build works with one backend installed: the others say at run time that they are not", async () => {
      const p = project("@tensorflow/tfjs-backend-cpu");
      const code = await bundle(p);
      expect(code.includes("@tensorflow/tfjs-backend-webgl")).toBe(true);
      expect(code.includes("@tensorflow/tfjs-node")).toBe(false);
      // With these two globals the page's code runs in Node: no WebGPU there, and the missing packages are stubs that throw.
      p.write("built/start.js", 'import { createRequire } from "node:module"; globalThis.require = createRequire(import.meta.url); globalThis.window = new EventTarget(); await import("./main.js");');
      expect(p.run("built/start.js")).toEqual({
        backend: "cpu",
        package: "@tensorflow/tfjs-backend-cpu",
        passedOver: [{ name: "@tensorflow/tfjs-backend-webgpu", reason: "navigator.gpu is missing: no WebGPU here" }, missing("@tensorflow/tfjs-backend-webgl"), missing("@tensorflow/tfjs-backend-wasm")],
        trainingKernels: true,
      });
    });

    it("holds every browser backend that is installed", async () => {
      const code = await bundle(project("@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-backend-webgl", "@tensorflow/tfjs-backend-webgpu"));
      expect(code.includes("@tensorflow/tfjs-node")).toBe(false);
      for (const word of ["class MathBackendWebGL", "class WebGPUBackend", "class BackendWasm", "class MathBackendCPU"]) expect(code.includes(word), word).toBe(true);
    });

    it("would name the Node backends without the browser condition (the check above can fail)", async () => {
      const code = await bundle(project(), { conditions: ["module"], external: ["@tensorflow/tfjs-core"] });
      expect(code.includes("@tensorflow/tfjs-node-gpu")).toBe(true);
    });
  });
});
