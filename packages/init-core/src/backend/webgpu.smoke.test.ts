import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPackage, type Project } from "./project.fixture.js";
import { useBackend } from "./use-backend.js";

const own = process.env.WARMSTART_BACKEND;
const program = (prefer: string) => `
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "@warmstart/init-core";
const choice = await useBackend({ prefer: ${prefer} });
const x = tf.tensor2d([[1, 2], [3, 4]]);
const product = Array.from(await tf.matMul(x, x).data());
console.log(JSON.stringify({ choice, product, current: tf.getBackend(), navigator: typeof globalThis.navigator?.gpu }));
`;

if (own === "webgpu") describe("useBackend with an adapter", () => {
  let built: ReturnType<typeof buildPackage>;
  let project: Project;
  beforeAll(() => {
    built = buildPackage();
    project = built.project(["@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-backend-webgpu", "webgpu"]);
  });
  afterAll(() => {
    project.remove();
    built.remove();
  });

  it("starts WebGPU in Node by the package webgpu, and the process ends when the work is done", () => {
    project.write("main.js", program('["webgpu"]'));
    const { choice, product, current } = project.run("main.js") as { choice: unknown; product: number[]; current: string };
    expect(choice).toEqual({ backend: "webgpu", package: "@tensorflow/tfjs-backend-webgpu", passedOver: [], trainingKernels: true });
    expect(product).toEqual([7, 10, 15, 22]);
    expect(current).toBe("webgpu");
  });

  it("passes over an adapter made of software unless it is preferred, and then leaves no navigator.gpu behind", () => {
    project.write("main.js", program("undefined"));
    const { choice, current, navigator } = project.run("main.js") as { choice: { passedOver: { name: string; reason: string }[] }; current: string; navigator: string };
    const reason = choice.passedOver.find(({ name }) => name === "@tensorflow/tfjs-backend-webgpu")?.reason;
    // On a machine whose driver is a graphics card's WebGPU is taken.
    expect(reason === undefined ? current : reason).toMatch(reason === undefined ? /^webgpu$/ : /only a software adapter/);
    expect(navigator).toBe(reason === undefined ? "object" : "undefined");
  });
});

describe("the backend of this project", () => {
  it("is in use, has the kernels of training, and computes", async () => {
    const choice = await useBackend();
    expect([choice.backend, choice.package]).toEqual([own ?? "wasm", "already active"]);
    if (own === "webgpu") expect(choice.trainingKernels).toBe(true);
    const sum = tf.tidy(() => tf.sum(tf.tensor1d([1, 2, 3])));
    expect(Array.from(await sum.data())).toEqual([6]);
    sum.dispose();
  });
});
