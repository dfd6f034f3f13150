// The five runs as code: the base itself, and four adapters, each one line of @warmstart/lora-init.
import * as tf from "@tensorflow/tfjs";
import { initialize, type InitOptions, type ModelInitializer, type Report } from "@warmstart/init-core";
import { eva, kaiming, loraSb, pissa, type LoraPlan } from "@warmstart/lora-init";
import type { Batch } from "../gpt/data.js";
import { nextTokenLoss } from "../gpt/index.js";
import type { MethodName, Protocol } from "./protocol.js";

/** What the comparison is made with: the pretrained model, and the text it is adapted to. */
export interface Material {
  /** A new copy of the pretrained model; the caller disposes it. */
  loadBase(): Promise<tf.LayersModel>;
  /** Training batches without end, the same for the same seed; the caller disposes each. */
  train(seed: number): Generator<Batch, never>;
  /** The fixed held-out batches; the caller disposes each. */
  heldOut(): Iterable<Batch>;
}

/** A model that is ready to train. */
export interface Started {
  readonly model: tf.LayersModel;
  /** What the optimizer may change. */
  readonly variables: readonly tf.Variable[];
  /** What the initialization found out; none for full fine-tuning. */
  readonly report?: Report;
}

/** The model as `method` starts it. It is the caller's; for adapters the base must outlive it. */
export async function start(method: MethodName, base: tf.LayersModel, material: Material, protocol: Protocol, options: InitOptions): Promise<Started> {
  if (method === "full") {
    const model = await material.loadBase();
    return { model, variables: trainable(model).filter(({ name }) => embeddingsTrain() || !isEmbedding(name)) };
  }
  const { result: model, report } = await initialize(base, initializer(method, material, protocol, options.seed ?? 0), options);
  return { model, variables: trainable(model), report };
}

function initializer(method: Exclude<MethodName, "full">, material: Material, { targetLayers, r, loraAlpha, coreRank, initBatches, learningRates }: Protocol, seed: number): ModelInitializer<LoraPlan> {
  // The batches that training will begin with.
  const data = () => take(material.train(seed), initBatches);
  switch (method) {
    case "kaiming":
      return kaiming({ r, loraAlpha, targetLayers });
    case "pissa":
      return pissa({ r, loraAlpha, targetLayers });
    case "eva":
      return eva({ r, loraAlpha, targetLayers, data, maxBatches: initBatches });
    case "lora-sb":
      return loraSb({ r: coreRank, targetLayers, data, loss: nextTokenLoss, learningRate: learningRates.full });
  }
}

/** Whether this backend has the gradient of an embedding: plain tfjs on WebAssembly has not. */
export function embeddingsTrain(): boolean {
  return tf.getKernel("UnsortedSegmentSum", tf.getBackend()) !== undefined;
}

const isEmbedding = (variable: string) => /embeddings/.test(variable);

function trainable(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const item of items) {
    yield item;
    if (++taken === count) return;
  }
}
