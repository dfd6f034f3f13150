import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, describe, expect, it } from "vitest";
import { WarmstartError } from "../errors.js";
import type { BackendCandidate } from "./candidate.js";
import { candidates as browserCandidates } from "./candidates.browser.js";
import { chooseBackend } from "./choose-backend.js";
import { requireGradients } from "./require-gradients.js";
import { requireKernels } from "./require-kernels.js";
import { useBackend } from "./use-backend.js";

const own = () => process.env.WARMSTART_BACKEND ?? "wasm";
const failure = async (f: () => unknown): Promise<WarmstartError> => {
  try {
    await f();
  } catch (error) {
    if (WarmstartError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};
/** A backend that computes as cpu does, or badly, under another name. */
const standIn = (backend: string, load: () => unknown = () => undefined): BackendCandidate => ({ backend, package: `pkg-${backend}`, load: async () => void (await load()) });

const fail = (error: Error) => () => Promise.reject(error);

afterEach(async () => {
  expect(await tf.setBackend(own())).toBe(true);
});

describe("useBackend", () => {
  it("leaves a backend that is in use as it is, and says which better ones it did not try", async () => {
    const instance = tf.backend();
    const choice = await expectTensorGrowth(0, () => useBackend());
    expect(choice.backend).toBe(own());
    expect(choice.package).toBe("already active");
    expect(tf.getBackend()).toBe(own());
    expect(tf.backend()).toBe(instance);
    if (own() === "wasm") expect(choice.passedOver.map(({ name }) => name)).toEqual(["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node", "@tensorflow/tfjs-backend-webgpu"]);
    for (const { reason } of choice.passedOver) expect(reason).toContain("was active before the call");
  });

  it("replaces it when one is preferred, by the backend's name or the package's", async () => {
    for (const prefer of ["cpu", "@tensorflow/tfjs-backend-cpu"]) {
      expect(await tf.setBackend(own())).toBe(true);
      const choice = await expectTensorGrowth(0, () => useBackend({ prefer }));
      expect(choice).toEqual({ backend: "cpu", package: "@tensorflow/tfjs-backend-cpu", passedOver: [], trainingKernels: true });
      expect(tf.getBackend()).toBe("cpu");
    }
  });

  it("goes back to the one in use when the preferred ones cannot be had, and says why", async () => {
    const absent = "@tensorflow/tfjs-node-gpu"; // no manifest of this workspace has it
    const choice = await useBackend({ prefer: absent });
    expect(choice).toEqual({ backend: own(), package: "already active", passedOver: [{ name: absent, reason: `not installed (npm install ${absent})` }], trainingKernels: choice.trainingKernels });
    expect(tf.getBackend()).toBe(own());
  });

  it("tries several in the order given, and stays where the one in use is met", async () => {
    const absent = "@tensorflow/tfjs-node-gpu";
    const stays = await useBackend({ prefer: [absent, own(), "cpu"] });
    expect([stays.backend, stays.package, stays.passedOver.map(({ name }) => name)]).toEqual([own(), "already active", [absent]]);
    const moves = await useBackend({ prefer: [absent, "cpu", own()] });
    expect([moves.backend, moves.package, moves.passedOver.map(({ name }) => name)]).toEqual(["cpu", "@tensorflow/tfjs-backend-cpu", [absent]]);
    expect((await failure(() => useBackend({ prefer: ["cpu", "cuda"] }))).message).toContain('got "cuda"');
    expect((await useBackend({ prefer: [] })).package).toBe("already active");
  });

  it("refuses a name that is no backend and lists those that are", async () => {
    const error = await failure(() => useBackend({ prefer: "cuda" }));
    expect(error.code).toBe("INVALID_OPTION");
    expect(error.message).toContain('"tensorflow" (@tensorflow/tfjs-node-gpu)');
    expect(error.message).toContain('got "cuda"');
  });
});

describe("choosing", () => {
  it("in a browser goes through WebGPU, WebGL, WebAssembly, cpu", () => {
    expect(browserCandidates.map(({ backend }) => backend)).toEqual(["webgpu", "webgl", "wasm", "cpu"]);
  });

  it("passes over what does not import, does not register, does not set or does not compute, each with its reason", async () => {
    await tf.setBackend("cpu");
    const cpu = tf.backend();
    tf.registerBackend("refuses", () => Promise.reject(new Error("no device")));
    // Computes everything as cpu, but reads back zeros.
    tf.registerBackend("lies", () => new Proxy(cpu, { get: (target, key) => (key === "read" ? async () => new Float32Array(1) : Reflect.get(target, key, target)) }));
    for (const kernel of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...kernel, backendName: "lies" });
    const missing = Object.assign(new Error("Cannot find package 'pkg-a' imported from x.js"), { code: "ERR_MODULE_NOT_FOUND" });
    const stub = new Error('Could not resolve "pkg-b" imported by "@warmstart/init-core". Is it installed?');
    const list = [standIn("a", fail(missing)), standIn("b", fail(stub)), standIn("c", fail(new Error("libcudart.so.11.0: cannot open\nat x"))), standIn("nowhere"), standIn("refuses"), standIn("lies")];
    try {
      const error = await failure(() => fresh(() => chooseBackend(list, {})));
      expect(error.code).toBe("BACKEND");
      expect(error.details.passedOver).toEqual([
        { name: "pkg-a", reason: "not installed (npm install pkg-a)" },
        { name: "pkg-b", reason: "not installed (npm install pkg-b)" },
        { name: "pkg-c", reason: "libcudart.so.11.0: cannot open" },
        { name: "pkg-nowhere", reason: expect.stringContaining('registered no backend "nowhere"') },
        { name: "pkg-refuses", reason: expect.stringContaining("did not succeed") },
        { name: "pkg-lies", reason: expect.stringContaining("3·6 = 0") },
      ]);
      for (const { name } of error.details.passedOver as { name: string }[]) expect(error.message).toContain(name);
    } finally {
      expect(await tf.setBackend("cpu")).toBe(true);
      tf.removeBackend("refuses");
      tf.removeBackend("lies");
    }
  });

  it("extends the one in use where it is asked for by name, and not where nobody asked", async () => {
    expect(await tf.setBackend("cpu")).toBe(true);
    let runs = 0;
    const cpu: BackendCandidate = { ...standIn("cpu"), extend: { package: "pkg-extra", run: async () => void runs++ } };
    expect((await chooseBackend([cpu], {})).package).toBe("already active");
    expect(runs).toBe(0);
    expect(await chooseBackend([standIn("x"), cpu], { prefer: "cpu" })).toMatchObject({ backend: "cpu", package: "already active", passedOver: [] });
    expect(runs).toBe(1);
    const broken: BackendCandidate = { ...cpu, extend: { package: "pkg-extra", run: () => Promise.reject(new Error("too old")) } };
    expect((await chooseBackend([broken], { prefer: "cpu" })).passedOver).toEqual([{ name: "pkg-extra", reason: "too old" }]);
  });

  it("takes the first that works, and reports an extension that fails without giving the backend up", async () => {
    const cpu: BackendCandidate = { ...standIn("cpu"), extend: { package: "pkg-extra", run: () => Promise.reject(new Error("too old")) } };
    const choice = await fresh(() => chooseBackend([standIn("x", () => Promise.reject(new Error("absent"))), cpu, standIn("y")], {}));
    expect(choice).toEqual({ backend: "cpu", package: "pkg-cpu", passedOver: [{ name: "pkg-x", reason: "absent" }, { name: "pkg-extra", reason: "too old" }], trainingKernels: true });
  });
});

/** Runs `f` as in a process where no backend has been started. */
async function fresh<T>(f: () => Promise<T>): Promise<T> {
  const engine = tf.engine();
  const name = engine.backendName;
  (engine as { backendName: string | undefined }).backendName = undefined;
  try {
    return await f();
  } finally {
    if (engine.backendName === undefined) engine.backendName = name;
  }
}

describe("requireKernels", () => {
  it("is silent where the kernels are", () => {
    expect(() => requireKernels(["BatchMatMul", "Add"], "anything")).not.toThrow();
  });

  it("names the backend, the missing kernel, who needs it and the cure", async () => {
    const error = await failure(() => requireKernels(["BatchMatMul", "Svd"], "an exact decomposition"));
    expect(error.code).toBe("BACKEND");
    expect(error.message).toBe(`requireKernels: the backend "${own()}" has no Svd, which an exact decomposition needs. Use another backend: useBackend({ prefer: … }) with one of tensorflow (native), webgpu, webgl, cpu.`);
    expect(error.details).toEqual({ backend: own(), missing: ["Svd"] });
  });

  it("sends WebAssembly to wasm-training for the kernels it brings", async () => {
    if (own() !== "wasm" || tf.getKernel("UnsortedSegmentSum", "wasm") !== undefined) return;
    const error = await failure(() => requireKernels(["UnsortedSegmentSum"], "the gradient of an embedding"));
    expect(error.message).toContain('the backend "wasm" has no UnsortedSegmentSum, which the gradient of an embedding needs. Install @warmstart/wasm-training');
  });
});

describe("requireGradients", () => {
  it("is silent with @tensorflow/tfjs, and explains where they are missing", async () => {
    expect(() => requireGradients("training")).not.toThrow();
    const gradient = tf.getGradient("BatchMatMul");
    tf.unregisterGradient("BatchMatMul");
    try {
      const error = await failure(() => requireGradients("LoRA-SB"));
      expect(error.code).toBe("BACKEND");
      expect(error.message).toContain('LoRA-SB needs gradients, and @tensorflow/tfjs-core alone registers none. Import "@tensorflow/tfjs"');
    } finally {
      tf.registerGradient(gradient);
    }
  });
});
