// The demo's language model: pretrained on State of the Union, all its weights trained on Moby-Dick.
import * as tf from "@tensorflow/tfjs";
import { mobyDickMaterial } from "../../demo/data.js";
import { standard } from "../../demo/protocol.js";
import { meanLoss, nextTokenLoss } from "../../gpt/index.js";
import type { Task } from "./task.js";

export function languageModelTask(steps = 40): Task {
  const material = mobyDickMaterial(standard);
  return {
    name: "lm",
    title: "GPT (3.7 MB of float16) adapted to Moby-Dick, all weights",
    metric: "held-out loss, nats a token",
    steps,
    build: () => material.loadBase(),
    batches: (seed) => material.train(seed) as ReturnType<Task["batches"]>,
    step: (model, optimizer, { xs, ys }) => {
      optimizer.minimize(() => nextTokenLoss(ys, model.apply(xs, { training: true }) as tf.Tensor));
      tf.dispose([xs, ys]);
    },
    evaluate: (model) => meanLoss(model, material.heldOut()),
  };
}
