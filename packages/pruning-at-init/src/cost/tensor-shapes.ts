// The shapes of every tensor in a model's graph, also where the model itself leaves sizes open.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { WarmstartError, type LayerGraph } from "@warmstart/init-core";

export type OpenShape = readonly (number | null)[];

/** Sizes of an input without the batch: `[224, 224, 3]`, or a list of them for several inputs. */
export type InputShape = readonly number[] | readonly (readonly number[])[];

/**
 * By tensor name, batch first. Without `inputShape` as the model says; with it every layer is asked what it makes of that input.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH when `inputShape` does not fit the model's inputs.
 */
export function tensorShapes(model: LayersModel, graph: LayerGraph, inputShape?: InputShape, caller = "tensorShapes"): Map<string, OpenShape> {
  const shapes = new Map<string, OpenShape>();
  const given = inputShape === undefined ? undefined : listOfShapes(inputShape);
  if (given !== undefined && given.length !== model.inputs.length) {
    throw new WarmstartError("SHAPE_MISMATCH", `${caller}: the model takes ${model.inputs.length} input(s), inputShape has ${given.length}. Give one list of sizes an input, without the batch.`, { expected: model.inputs.length, received: given.length });
  }
  for (const [i, name] of graph.inputs.entries()) {
    const { shape } = model.inputs[i]!;
    const sizes = given?.[i];
    const fits = sizes === undefined || (sizes.length === shape.length - 1 && sizes.every((size, axis) => Number.isInteger(size) && size > 0 && (shape[axis + 1] === null || shape[axis + 1] === size)));
    if (!fits) {
      throw new WarmstartError("SHAPE_MISMATCH", `${caller}: input ${i} has the shape [${shape.slice(1).map((size) => size ?? "any")}], inputShape is [${sizes!.join()}]. Give positive sizes that fit, without the batch.`, { input: i, expected: shape.slice(1), received: sizes });
    }
    shapes.set(name, sizes === undefined ? shape : [null, ...sizes]);
  }
  for (const call of graph.calls) {
    const inputs = call.inputs.map((name) => shapes.get(name)!);
    const outputs = given === undefined ? call.outputShapes : asShapes(call.layer.computeOutputShape((inputs.length === 1 ? inputs[0] : inputs) as (number | null)[]));
    for (const [i, name] of call.outputs.entries()) shapes.set(name, outputs[i]!);
  }
  return shapes;
}

const isListOfLists = (shape: InputShape): shape is readonly (readonly number[])[] => shape.length > 0 && Array.isArray(shape[0]);
const listOfShapes = (shape: InputShape): readonly (readonly number[])[] => (isListOfLists(shape) ? shape : [shape]);

const asShapes = (shape: (number | null)[] | (number | null)[][]): readonly OpenShape[] => (Array.isArray(shape[0]) ? (shape as (number | null)[][]) : [shape as (number | null)[]]);
