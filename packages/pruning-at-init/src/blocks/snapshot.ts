// The weights of a model at one moment, to come back to: rewinding, as lottery tickets are trained.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { networkOf, WarmstartError } from "@warmstart/init-core";

/** Weights that were kept. */
export interface Snapshot {
  /** Writes them into `model`, the same or one with fewer layers, matched by path. Checks every path and shape before the first write. */
  restore(model: LayersModel): void;
  /** Frees them. Calling it twice is fine. */
  dispose(): void;
}

/**
 * Keeps the weights of a model as they are now, statistics included; they cost memory once the model trains. Train, score and
 * remove blocks, then `restore` the kept layers' weights in the smaller model. (`model.getWeights()` gives live variables: they train on.)
 *
 * @throws {WarmstartError} from `restore`: NO_MATCH for a weight that was not kept, SHAPE_MISMATCH for another shape. MODEL_STATE when the model is not built.
 *
 * @example
 * const start = snapshot(model);
 * await model.fit(xs, ys);
 * start.restore(removeBlocks(model, ["block3/add"]));
 */
export function snapshot(model: LayersModel): Snapshot {
  const kept = new Map(networkOf(model).parameters.map(({ path, variable }) => [path, variable.clone()]));
  return {
    restore(into) {
      const { parameters } = networkOf(into);
      for (const { path, shape } of parameters) {
        const value = kept.get(path);
        if (value === undefined) throw new WarmstartError("NO_MATCH", `snapshot: no weight "${path}" was kept. Restore into the model that the snapshot was taken of, or one made from it by removeBlocks.`, { path });
        if (value.shape.join() !== shape.join()) throw new WarmstartError("SHAPE_MISMATCH", `snapshot: "${path}" was kept with shape [${value.shape}], the model has [${shape}].`, { path, expected: value.shape, received: shape });
      }
      for (const { path, variable } of parameters) variable.assign(kept.get(path)!);
    },
    dispose() {
      for (const value of kept.values()) if (!value.isDisposed) value.dispose();
    },
  };
}
