import * as tf from "@tensorflow/tfjs";
import { WarmstartError, type Network, type Parameter, type Site, type SiteKind } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { attachToVariables } from "./attach-variables.js";
import { gaussian } from "./gaussian.js";
import { kaiming } from "./kaiming.js";
import { pissa } from "./pissa.js";

const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, "float32", seed);

/** Embedding, convolution, two linear maps, written by hand on variables. */
function byHand() {
  const shapes: [layer: string, kind: SiteKind, shape: number[]][] = [["table", "embedding", [7, 6]], ["window", "conv2d", [1, 2, 6, 5]], ["block/fc1", "dense", [5, 8]], ["block/fc2", "dense", [8, 3]]];
  const parameters = shapes.map(([layer, kind, shape], i): Parameter => ({ path: `${layer}/kernel`, layer, role: kind === "embedding" ? "embedding" : "kernel", shape, variable: tf.variable(normal(shape, i + 1)), trainable: true }));
  const sites = parameters.map((kernel, i): Site => ({ path: kernel.path, layer: kernel.layer, kind: shapes[i]![1], kernel, input: kernel.path }));
  const [table, window, fc1, fc2] = parameters.map(({ variable }) => variable as tf.Tensor);
  const network: Network = {
    parameters,
    sites,
    forward: (ids) => tf.tidy(() => {
      const rows = tf.expandDims(tf.gather(table!, ids as tf.Tensor), 1) as tf.Tensor4D;
      const seen = tf.reshape(tf.conv2d(rows, window as tf.Tensor4D, 1, "same"), [-1, 5]) as tf.Tensor2D;
      return tf.matMul(tf.tanh(tf.matMul(seen, fc1 as tf.Tensor2D)), fc2 as tf.Tensor2D);
    }),
  };
  return network;
}
type Adapters = ReturnType<typeof attachToVariables>;
const adaptedForward = (adapters: Adapters, ids: tf.Tensor) => tf.tidy(() => {
  const rows = tf.expandDims(adapters.lookup("table", ids), 1) as tf.Tensor4D;
  const seen = tf.conv2d(rows, adapters.kernel("window") as tf.Tensor4D, 1, "same");
  return adapters.linear("block/fc2", tf.tanh(adapters.linear("block/fc1", tf.reshape(seen, [-1, 5]))));
});
const ids = () => tf.tensor2d([[1, 2, 0], [6, 5, 5]], undefined, "int32");
const shake = (adapters: Adapters) => adapters.trainableVariables.forEach((variable, i) => variable.assign(tf.add(variable, tf.mul(0.3, normal(variable.shape, 20 + i)))));
const read = async (tensor: tf.Tensor | tf.Tensor[]) => (await (tensor as tf.Tensor).data()).slice();

describe.each([["kaiming", kaiming], ["pissa", pissa]] as const)("adapters on variables, started by %s", (_, start) => {
  const attached = async (network: Network) => {
    const plan = await start({ r: 2, targetLayers: "all" }).plan(network, { seed: 1 });
    const adapters = attachToVariables(network, plan);
    plan.dispose();
    return adapters;
  };

  it("start where the network is, outlive the plan, and leave the network's variables alone", async () => {
    const network = byHand();
    const before = await read(network.forward(ids()));
    const adapters = await attached(network);
    expectClose(await read(adaptedForward(adapters, ids())), before, 1e-4, 1e-4);
    shake(adapters);
    expect(await read(adaptedForward(adapters, ids()))).not.toEqual(before);
    expect(await read(network.forward(ids()))).toEqual(before);
  });

  it("give merged the same function to the network's own forward pass, and take it back bit by bit", async () => {
    const network = byHand();
    const before = await read(network.forward(ids()));
    const adapters = await attached(network);
    shake(adapters);
    const output = await read(adaptedForward(adapters, ids()));
    tf.tidy(() => adapters.merge());
    adapters.merge();
    expectClose(await read(network.forward(ids())), output, 1e-4, 1e-4);
    expectClose(await read(adaptedForward(adapters, ids())), output, 1e-4, 1e-4);
    adapters.unmerge();
    expect(await read(network.forward(ids()))).toEqual(before);
    expect(await read(adaptedForward(adapters, ids()))).toEqual(output);
  });

  it("train alone, every one of them", async () => {
    const network = byHand();
    const adapters = await attached(network);
    shake(adapters);
    const before = await Promise.all(adapters.trainableVariables.map(read));
    const base = await Promise.all(network.parameters.map(({ variable }) => read(variable)));
    const x = normal([4, 5], 9);
    const optimizer = tf.train.sgd(0.1);
    const dense = adapters.trainableVariables.slice(4); // the gradients of lookups and convolutions are missing on WebAssembly
    optimizer.minimize(() => tf.sum(tf.square(adapters.linear("block/fc2", adapters.linear("block/fc1", x)))).asScalar(), false, dense);
    const after = await Promise.all(adapters.trainableVariables.map(read));
    expect(after.map((values, i) => values.join() !== before[i]!.join())).toEqual([false, false, false, false, true, true, true, true]);
    expect(await Promise.all(network.parameters.map(({ variable }) => read(variable)))).toEqual(base);
  });

  it("are freed by dispose, merged or not", async () => {
    const network = byHand();
    await attached(network).then((adapters) => adapters.dispose());
    await expectTensorGrowth(0, async () => {
      const adapters = await attached(network);
      adapters.merge();
      adapters.unmerge();
      adapters.merge();
      adapters.dispose();
      adapters.dispose();
    });
  });
});

describe("attachToVariables", () => {
  it("takes inputs of any rank, multiplies by the scale, and gives plain kernels where there is no adapter", async () => {
    const network = byHand();
    const adapters = attachToVariables(network, await gaussian({ r: 2, loraAlpha: 6, targetLayers: "fc1" }).plan(network));
    const [down, up] = adapters.trainableVariables as [tf.Variable, tf.Variable];
    up.assign(normal(up.shape, 3));
    const x = normal([2, 3, 5], 4);
    const kernel = network.parameters[2]!.variable;
    const expected = tf.tidy(() => tf.matMul(tf.reshape(x, [6, 5]) as tf.Tensor2D, tf.add(kernel, tf.mul(3, tf.matMul(down as tf.Tensor as tf.Tensor2D, up as tf.Tensor as tf.Tensor2D))) as tf.Tensor2D));
    const y = adapters.linear("block/fc1", x);
    expect(y.shape).toEqual([2, 3, 8]);
    expectClose(await read(y), await read(expected), 1e-4, 1e-4);
    const plain = adapters.kernel("block/fc2");
    expect(await read(plain)).toEqual(await read(network.parameters[3]!.variable));
    expect(await read(adapters.lookup("table", ids()))).toEqual(await read(tf.gather(network.parameters[0]!.variable, ids())));
  });

  it("refuses unknown layers, wrong inputs, foreign plans and shared kernels, and leaks nothing", async () => {
    const network = byHand();
    const plan = await kaiming({ r: 2 }).plan(network);
    const adapters = attachToVariables(network, plan);
    const other: Network = { ...network, sites: network.sites.slice(0, 3) };
    const [first] = plan.details.adapters;
    const tied = { ...plan, details: { ...plan.details, adapters: [first!, { ...first!, layer: "block/fc2" }] } };
    const twice: Network = { ...network, sites: [...network.sites.slice(0, 3), { ...network.sites[2]!, layer: "block/fc2" }] };
    const before = tensorCount();
    const code = (attempt: () => unknown) => {
      try {
        attempt();
      } catch (error) {
        return (error as WarmstartError).code;
      }
      return "none";
    };
    const x = normal([2, 4], 1);
    expect(code(() => adapters.linear("fc9", x))).toBe("NO_MATCH");
    expect(code(() => adapters.linear("block/fc1", x))).toBe("SHAPE_MISMATCH");
    expect(code(() => adapters.linear("window", x))).toBe("SHAPE_MISMATCH");
    expect(code(() => attachToVariables(other, plan))).toBe("PLAN_MISMATCH");
    expect(code(() => attachToVariables(twice, tied))).toBe("MODEL_STATE");
    x.dispose();
    expect(tensorCount()).toBe(before);
  });
});
