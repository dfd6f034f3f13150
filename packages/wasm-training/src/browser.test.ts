// In a real page: the sources bundled by Vite, served with and without cross-origin isolation, opened in Chromium.
import "@tensorflow/tfjs";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (executablePath === undefined) {
  if ((process.env.WARMSTART_REQUIRE ?? "").includes("chromium")) throw new Error('WARMSTART_REQUIRE names "chromium", which is not on this machine');
  console.log("browser chromium: absent, wasm-training is not tried in one");
}

const page = `
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { prepareTrainingKernels, registerTrainingKernels } from ${JSON.stringify(fileURLToPath(new URL("./index.ts", import.meta.url)))};
globalThis.run = async (prepare) => {
  setWasmPaths("/wasm/");
  await tf.setBackend("wasm");
  await tf.ready();
  if (prepare) await prepareTrainingKernels();
  const { registered, accelerated, reason } = registerTrainingKernels();
  const a = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const at = tf.tensor1d([2, 0, 2], "int32");
  return {
    backend: tf.getBackend(), kernels: registered.length, accelerated, reason, isolated: globalThis.crossOriginIsolated,
    product: [...await tf.matMul(a, a, true).data()],
    gradient: [...await tf.grad((x) => tf.sum(tf.gather(x, at)))(a).data()],
  };
};
`;

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

if (executablePath !== undefined) describe("in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "warmstart-page-"));
  let server: Server;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="/main.js"></script>');
    writeFileSync(join(folder, "main.js"), page);
    const require = createRequire(import.meta.url);
    const installed = (name: string) => dirname(require.resolve(`${name}/package.json`));
    const alias = ["@tensorflow/tfjs", "@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"].map((name) => ({ find: new RegExp(`^${name}$`), replacement: installed(name) }));
    const outDir = join(folder, "built");
    await build({ root: folder, configFile: false, logLevel: "silent", resolve: { alias }, build: { target: "es2022", minify: false, modulePreload: false, reportCompressedSize: false, outDir } });
    mkdirSync(join(outDir, "wasm"));
    const binaries = join(installed("@tensorflow/tfjs-backend-wasm"), "wasm-out");
    for (const file of readdirSync(binaries).filter((name) => name.endsWith(".wasm"))) copyFileSync(join(binaries, file), join(outDir, "wasm", file));
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
      const file = join(outDir, pathname === "/" ? "index.html" : pathname);
      if (!existsSync(file)) return void response.writeHead(404).end();
      const isolation = searchParams.has("isolated") ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" } : undefined;
      response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", "cross-origin-resource-policy": "same-origin", ...isolation }).end(readFileSync(file));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    url = `http://127.0.0.1:${address.port}/`;
    browser = await chromium.launch({ executablePath: executablePath!, args: ["--no-sandbox"] });
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true });
  });

  async function visit(query: string, prepare: boolean): Promise<unknown> {
    const tab = await browser.newPage();
    try {
      await tab.goto(`${url}${query}`);
      await tab.waitForFunction("globalThis.run !== undefined");
      return await tab.evaluate(`run(${prepare})`);
    } finally {
      await tab.close();
    }
  }

  const right = { backend: "wasm", product: [35, 44, 44, 56], gradient: [1, 1, 0, 0, 2, 2] };

  it("runs on the backend's memory, prepared or compiled at once", async () => {
    expect(await visit("", true)).toMatchObject({ ...right, accelerated: true, isolated: false });
    expect(await visit("", false)).toMatchObject({ ...right, accelerated: true });
  });

  it("runs on the shared memory of the threaded binary too, which isolated pages get", async () => {
    for (const prepare of [true, false]) expect(await visit("?isolated", prepare)).toMatchObject({ ...right, isolated: true, accelerated: true });
  });
});
