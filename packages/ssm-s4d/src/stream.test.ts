import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { example, furthest, modelOf, normals, thrown } from "./host.fixture.js";
import { createModelStream, createRecurrence, s4dClassifier, s4dForward, s4dStream, type Recurrence } from "./index.js";

/** What a stream gives for chunks, until it ends or fails. */
async function through(stream: TransformStream<ArrayLike<number>, Float32Array>, chunks: readonly ArrayLike<number>[]): Promise<Float32Array[]> {
  const source = new ReadableStream<ArrayLike<number>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const reader = source.pipeThrough(stream).getReader();
  const outputs: Float32Array[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) outputs.push(next.value);
  return outputs;
}

/** The recurrence of worked example 1 without its tensors. */
async function exampleRecurrence(): Promise<Recurrence> {
  const ssm = example.ssm();
  const recurrence = await createRecurrence(ssm);
  tf.dispose(Object.values(ssm));
  return recurrence;
}

describe("s4dStream", () => {
  it("gives a chunk for a chunk, which together are the sequence at once, and disposes everything at the end", async () => {
    await expectTensorGrowth(0, async () => {
      const { ssm, d, dispose } = await modelOf({ init: ["inv", "lin", "legs"], features: 3, dState: 16, seed: 4 });
      const [batch, features, length] = [2, 3, 200];
      const values = normals(length * batch * features, 1); // "L B H"
      const whole = tf.tidy(() => tf.transpose(s4dForward(tf.transpose(tf.tensor3d(values, [length, batch, features]), [1, 2, 0]) as tf.Tensor3D, ssm, { d }), [2, 0, 1]));
      const steps = [1, 0, 3, 64, 131, 1];
      let from = 0;
      const chunks = steps.map((count, i) => {
        const chunk = values.slice(from * 6, (from += count) * 6);
        return i === 2 ? [...chunk] : chunk; // a plain array does as well
      });
      const outputs = await through(s4dStream(await createRecurrence(ssm, { d, batchSize: batch }), { dispose: true }), chunks);
      expect(outputs.map((output) => output.length / 6)).toEqual(steps);
      expect(furthest(outputs.flatMap((output) => [...output]), await whole.data())).toBeLessThan(2e-4);
      whole.dispose();
      dispose();
    });
  });

  it("streams a whole model, an answer a step", async () => {
    await expectTensorGrowth(0, async () => {
      const model = s4dClassifier({ inputShape: [30, 2], classes: 3, features: 4, layers: 1, dState: 8, seed: 2 });
      const values = normals(30 * 2, 3);
      const whole = tf.tidy(() => model.predict(tf.tensor3d(values, [1, 30, 2])) as tf.Tensor);
      const outputs = await through(s4dStream(await createModelStream(model), { dispose: true }), [values.slice(0, 2), values.slice(2, 50), values.slice(50)]);
      expect(outputs.map(({ length }) => length / 3)).toEqual([1, 24, 5]);
      expect(furthest(outputs.at(-1)!.subarray(-3), await whole.data())).toBeLessThan(1e-4);
      whole.dispose();
      model.dispose();
    });
  });

  it("goes on in another stream with the state, where it does not dispose", async () => {
    const recurrence = await exampleRecurrence();
    const outputs = await expectTensorGrowth(0, async () => [...(await through(s4dStream(recurrence), [[1]])), ...(await through(s4dStream(recurrence), [[0], [-1]]))]);
    const skipped = example.zoh.y.slice(0, 3).map((y, t) => y - example.d[0] * example.u[t]!);
    expect(furthest(outputs.flatMap((output) => [...output]), skipped)).toBeLessThan(1e-6);
    recurrence.dispose();
  });

  it("computes nothing before somebody reads, and then one chunk", async () => {
    const recurrence = await exampleRecurrence();
    let calls = 0;
    const counted: Recurrence = { ...recurrence, step: (u) => (calls++, recurrence.step(u)) };
    const stream = s4dStream(counted);
    const writer = stream.writable.getWriter();
    const written = [writer.write([1]), writer.write([2]), writer.write([3])];
    const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
    await settle();
    expect(calls).toBe(0);
    expect(writer.desiredSize).toBeLessThanOrEqual(0);
    const reader = stream.readable.getReader();
    await reader.read();
    await settle();
    expect(calls).toBe(1);
    await Promise.all([reader.read(), reader.read(), ...written]);
    expect(calls).toBe(3);
    recurrence.dispose();
  });

  it.each<[string, (stream: TransformStream<ArrayLike<number>, Float32Array>) => Promise<unknown>]>([
    ["is aborted", (stream) => stream.writable.abort("enough")],
    ["is cancelled", (stream) => stream.readable.cancel("enough")],
    ["fails", (stream) => thrown(() => through(stream, [[1], [NaN]]))],
  ])("disposes the recurrence when it %s", async (_, stop) => {
    await expectTensorGrowth(0, async () => {
      const recurrence = await exampleRecurrence();
      await stop(s4dStream(recurrence, { dispose: true, checkNumerics: true }));
      const error = await thrown(() => tf.tidy(() => recurrence.step(tf.zeros([1, 1]))));
      expect(WarmstartError.isInstance(error, "MODEL_STATE"), String(error)).toBe(true);
    });
  });

  it("passes NaN on, which the state keeps", async () => {
    const recurrence = await exampleRecurrence();
    const outputs = await through(s4dStream(recurrence, { dispose: true }), [[1], [NaN], [1]]);
    expect(outputs.map(([y]) => Number.isNaN(y))).toEqual([false, true, true]);
  });

  it.each<[string, ArrayLike<number>, { checkNumerics?: boolean }, "SHAPE_MISMATCH" | "NOT_FINITE", string]>([
    ["half a step", [1, 2, 3], {}, "SHAPE_MISMATCH", "s4dStream: `chunk` must be an array of numbers whose length is a multiple of 2, 2 sequences times 1 features, got a length of 3"],
    ["something without a length", new Map() as never, {}, "SHAPE_MISMATCH", "got a length of undefined"],
    ["NaN where it is told to", [1, 2, 3, NaN], { checkNumerics: true }, "NOT_FINITE", "got NaN at 3 (step 1)"],
    ["infinity where it is told to", [-Infinity, 2], { checkNumerics: true }, "NOT_FINITE", "got -Infinity at 0 (step 0)"],
  ])("refuses %s, leaves the state as it was and no tensor", async (_, chunk, options, code, message) => {
    const ssm = example.ssm();
    const recurrence = await createRecurrence(ssm, { batchSize: 2 });
    tf.dispose(Object.values(ssm));
    await through(s4dStream(recurrence), [[3, 4]]);
    const before = await recurrence.state.re.data();
    const error = await expectTensorGrowth(0, () => thrown(() => through(s4dStream(recurrence, options), [chunk])));
    expect(WarmstartError.isInstance(error, code), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
    expect(await recurrence.state.re.data()).toEqual(before);
    recurrence.dispose();
  });
});
