// Through which weights a block's output is scaled: those of the last normalization or affine layer of its branch.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { WarmstartError, type LayerCall, type Network, type Parameter } from "@warmstart/init-core";
import { activationLayer, lastActivation } from "./activation-of.js";
import type { ResidualBlock } from "./find-residual-blocks.js";
import { indexGraph } from "./graph-index.js";

/** Linear, and without weights. */
const passing: readonly string[] = ["Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "Reshape", "Permute", "Flatten", "ZeroPadding2D", "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D"];
const affine: readonly string[] = ["BatchNormalization", "LayerNormalization", "Dense", "Conv1D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Conv3D"];

/**
 * By id: the parameters (of the model, or of a copy of it) in which a block's branch is homogeneous of degree one, so that the sum of weight times gradient over them
 * is the derivative by a gate in front of the branch's output. Gamma and beta of a normalization, else kernel and bias.
 *
 * @throws {WarmstartError} INVALID_OPTION for a branch that ends in anything else.
 */
export function gateParameters(model: LayersModel, { parameters }: Network, blocks: readonly ResidualBlock[]): Map<string, Parameter[]> {
  const graph = indexGraph(model);
  return new Map(blocks.map(({ id, shortcut }) => {
    const add = graph.calls.find(({ path }) => path === id)!;
    let last: LayerCall = graph.producerOf(add.inputs[1 - shortcut]!)!;
    while (passes(last)) last = graph.producerOf(last.inputs[0]!)!;
    const kind = last.layer.getClassName();
    if (!affine.includes(kind) || (lastActivation(last) ?? "linear") !== "linear") {
      throw new WarmstartError("INVALID_OPTION", `scoreBlocks: the criterion "gate" needs branches that end in a normalization, convolution or dense layer; that of "${id}" ends in "${last.path}" (${kind}). Choose another criterion.`, { id, layer: last.path });
    }
    const own = parameters.filter(({ layer, role }) => layer === last.path && role !== "statistic");
    // Depthwise and pointwise kernel scale the output each by itself; the last one is enough.
    return [id, own.filter(({ role }) => role !== "depthwise-kernel" || kind !== "SeparableConv2D")];
  }));
}

const passes = (call: LayerCall): boolean => passing.includes(call.layer.getClassName()) || activationLayer(call) === "linear";
