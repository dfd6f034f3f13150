import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { moduleBase64 } from "./generated/module.js";
import { instantiate, instantiateSync } from "./module.js";

const binary = Buffer.from(moduleBase64, "base64");

describe("the generated module", () => {
  it("is what assembly/ compiles to", () => {
    const script = fileURLToPath(new URL("../scripts/build-wasm.mjs", import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `wasm module: ${binary.length} bytes, unchanged\n`, stderr: "" });
  });

  it("imports a memory and nothing else, and touches none of it when it starts", () => {
    const module = new WebAssembly.Module(binary);
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    const memory = new WebAssembly.Memory({ initial: 2 });
    const bytes = new Uint8Array(memory.buffer).fill(77);
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    expect(instance.exports).toHaveProperty("gemm");
    expect(bytes.every((byte) => byte === 77)).toBe(true);
  });

  it("runs on a memory of its own kind, shared or not", async () => {
    for (const memory of [new WebAssembly.Memory({ initial: 1 }), new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })]) {
      const floats = new Float32Array(memory.buffer);
      floats.set([1, 2, 3, 4, 5]);
      for (const module of [instantiateSync(memory), await instantiate(memory)]) {
        floats[16] = 0;
        module.sum(0, 64, 1, 5, 1, 1);
        expect(floats[16]).toBe(15);
      }
    }
  });

  it("is small enough to carry along: under 32 kB", () => expect(binary.length).toBeLessThan(32_000));
});
