// A page made of one TypeScript file, bundled by Vite and opened in a Chromium: what runs there is what a user's bundle would run.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { build } from "vite";
import { launchChromium } from "./chromium.js";

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** The binaries of tfjs-backend-wasm are at this path of the page's server. */
export const wasmPath = "/wasm/";

/**
 * Opens `entry` in a page, evaluates `expression` there and gives its value.
 *
 * @param entry a TypeScript file of this workspace; what `expression` needs it puts on globalThis.
 */
export async function evaluateInPage(entry: string, expression: string): Promise<unknown> {
  const built = mkdtempSync(join(tmpdir(), "warmstart-page-"));
  const binaries = join(dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json")), "wasm-out");
  const server = createServer(({ url = "/" }, response) => {
    if (url === "/") return void response.writeHead(200, { "content-type": "text/html" }).end('<!doctype html><script type="module" src="/page.js"></script>');
    const file = url.startsWith(wasmPath) ? join(binaries, basename(url)) : join(built, basename(url));
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  try {
    await build({
      root: dirname(entry),
      configFile: false,
      logLevel: "silent",
      build: { target: "es2022", minify: false, modulePreload: false, reportCompressedSize: false, outDir: built, emptyOutDir: true, assetsDir: "", rollupOptions: { input: entry, output: { entryFileNames: "page.js" } } },
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("evaluateInPage: no port");
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      await page.goto(`http://127.0.0.1:${address.port}/`, { waitUntil: "load" });
      if (errors.length > 0) throw new Error(`evaluateInPage: ${errors.join("; ")}`);
      return await page.evaluate(expression);
    } finally {
      await browser.close();
    }
  } finally {
    server.close();
    rmSync(built, { recursive: true });
  }
}
