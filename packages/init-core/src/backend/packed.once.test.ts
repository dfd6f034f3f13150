import "@tensorflow/tfjs";
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackendChoice } from "./choose-backend.js";
import { buildPackage, serve, type Project } from "./project.fixture.js";

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

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (browser === undefined) {
  if ((process.env.WARMSTART_REQUIRE ?? "").includes("chromium")) throw new Error('WARMSTART_REQUIRE names "chromium", which is not on this machine');
  console.log("browser chromium: absent, useBackend is not tried in one");
}

// The package as installed, in projects of its own: the backend of this process plays no part, so it runs once (*.once.test.ts).
describe("the built package", () => {
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

    it("puts @warmstart/wasm-training on WebAssembly where it is installed", () => {
      const p = project("@tensorflow/tfjs-backend-wasm", "@warmstart/wasm-training");
      p.write("main.js", 'import { useBackend } from "@warmstart/init-core"; import { registerTrainingKernels } from "@warmstart/wasm-training"; console.log(JSON.stringify({ choice: await useBackend(), kernels: registerTrainingKernels({ only: [] }) }));');
      const { choice, kernels } = p.run("main.js") as { choice: BackendChoice; kernels: { registered: string[]; accelerated: boolean } };
      expect(choice.backend).toBe("wasm");
      expect(choice.passedOver.map(({ name }) => name)).not.toContain("@warmstart/wasm-training");
      expect(kernels.registered).toContain("BatchMatMul"); // asked for none: these are useBackend's
      expect(kernels.accelerated).toBe(true);
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
    const printing = `import { useBackend } from "@warmstart/init-core"; globalThis.choice = await useBackend(); console.log(JSON.stringify(globalThis.choice));`;
    const bundle = async (p: Project, { page = printing, conditions, external = [] }: { page?: string; conditions?: string[]; external?: string[] } = {}) => {
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
      // With these two globals the page's code runs in Node: no WebGPU and no WebGL there, and a missing package is a stub that throws.
      p.write("built/start.js", 'import { createRequire } from "node:module"; globalThis.require = createRequire(import.meta.url); globalThis.window = new EventTarget(); await import("./main.js");');
      expect(p.run("built/start.js")).toEqual({
        backend: "cpu",
        package: "@tensorflow/tfjs-backend-cpu",
        passedOver: [{ name: "@tensorflow/tfjs-backend-webgpu", reason: "navigator.gpu is missing: no WebGPU here" }, { name: "@tensorflow/tfjs-backend-webgl", reason: "no canvas here, and so no WebGL" }, missing("@tensorflow/tfjs-backend-wasm")],
        trainingKernels: true,
      });
    });

    // With all four backends; also the page that is opened below.
    let full: Project;
    it("holds every browser backend that is installed", async () => {
      full = project("@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-backend-webgl", "@tensorflow/tfjs-backend-webgpu");
      const code = await bundle(full, { page: `import { useBackend } from "@warmstart/init-core"; globalThis.choice = useBackend({ wasmPaths: "/wasm/", prefer: location.search.slice(1) || undefined });` });
      expect(code.includes("@tensorflow/tfjs-node")).toBe(false);
      for (const word of ["class MathBackendWebGL", "class WebGPUBackend", "class BackendWasm", "class MathBackendCPU"]) expect(code.includes(word), word).toBe(true);
    });

    if (browser !== undefined) it("starts the best backend of a real browser, and WebAssembly when preferred, from the folder given", async () => {
      const binaries = join(full.folder, "node_modules/@tensorflow/tfjs-backend-wasm/dist");
      mkdirSync(join(full.folder, "built/wasm"));
      for (const name of readdirSync(binaries).filter((file) => file.endsWith(".wasm"))) copyFileSync(join(binaries, name), join(full.folder, "built/wasm", name));
      const { url, server } = await serve(join(full.folder, "built"));
      const session = await chromium.launch({ executablePath: browser!, args: ["--no-sandbox"] });
      try {
        const page = await session.newPage();
        const choice = async (query: string) => {
          await page.goto(url + query);
          await page.waitForFunction("globalThis.choice !== undefined");
          return page.evaluate<BackendChoice>("globalThis.choice");
        };
        const best = await choice("");
        const order = ["@tensorflow/tfjs-backend-webgpu", "@tensorflow/tfjs-backend-webgl", "@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-backend-cpu"];
        expect(order).toContain(best.package);
        const better = best.passedOver.filter(({ name }) => name !== "@warmstart/wasm-training");
        expect(better.map(({ name }) => name)).toEqual(order.slice(0, order.indexOf(best.package)));
        for (const { reason } of better) expect(reason).not.toContain("not installed");
        if (best.backend === "wasm") expect(better.map(({ reason }) => reason).join()).toContain("only WebGL made of software");
        const webgl = await choice("?webgl");
        expect(webgl).toEqual({ backend: "webgl", package: "@tensorflow/tfjs-backend-webgl", passedOver: [], trainingKernels: true });
        expect(await choice("?wasm")).toEqual({ backend: "wasm", package: "@tensorflow/tfjs-backend-wasm", passedOver: [missing("@warmstart/wasm-training")], trainingKernels: false });
      } finally {
        await session.close();
        server.close();
      }
    });

    it("would name the Node backends without the browser condition (the check above can fail)", async () => {
      const code = await bundle(project(), { conditions: ["module"], external: ["@tensorflow/tfjs-core"] });
      expect(code.includes("@tensorflow/tfjs-node-gpu")).toBe(true);
    });
  });
});
