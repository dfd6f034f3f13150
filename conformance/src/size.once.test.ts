import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ReferenceCase } from "./cases.js";
import { smallEnough } from "./size.js";

const caseOf = (entries: number, steps?: number): ReferenceCase => ({ name: "toy/a", operation: "toy/a", folder: "", options: steps === undefined ? {} : { steps }, inputs: { x: { shape: [entries], data: new Float32Array(entries) } }, expected: {}, compare: {}, tolerance: { absolute: 0, relative: 0 } });

describe("smallEnough", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it("leaves out large inputs and long training on WebGPU alone", () => {
    vi.stubEnv("WARMSTART_WEBGPU_ALL", undefined);
    for (const [entries, steps, small] of [[4096, 20, true], [4097, undefined, false], [10, 21, false]] as const) {
      expect(smallEnough(caseOf(entries, steps), "webgpu")).toBe(small);
      expect(smallEnough(caseOf(entries, steps), "wasm")).toBe(true);
    }
  });

  it("leaves out nothing where WARMSTART_WEBGPU_ALL is 1", () => {
    vi.stubEnv("WARMSTART_WEBGPU_ALL", "1");
    expect(smallEnough(caseOf(4097, 21), "webgpu")).toBe(true);
  });
});

describe("pnpm conformance --backend webgpu", () => {
  it("fails where there is no adapter, and does not go on with cpu", () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", "conformance/src/cli.ts", "--backend", "webgpu", "--only", "lora/rslora"], { cwd: root, encoding: "utf8", env: { ...process.env, VK_ICD_FILENAMES: "/nowhere.json", NODE_OPTIONS: "" } });
    expect(stdout).toContain("FAIL  backend webgpu: absent, but asked for\n0 passed, 1 failed");
    expect(status).toBe(1);
  });
});
