// Which blocks of a model its skip connections bypass: A. Jordao et al., When Layers Play the Lottery, all Tickets Win at Initialization, arXiv:2301.10835, section 3.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { networkOf, WarmstartError } from "@warmstart/init-core";
import { countMacs, type CountMacsOptions } from "../cost/count-macs.js";
import { indexGraph } from "./graph-index.js";
import { residualUnit, type ResidualUnit } from "./residual-unit.js";

/** What surrounds one Add of a model. JSON. */
export interface ResidualBlock {
  /** Path of its Add layer. */
  readonly id: string;
  /** Which run of residual Adds of one shape it stands in, from 0; null for an Add of two things without a common origin. */
  readonly stage: number | null;
  readonly removable: boolean;
  /** Why it is not removable. */
  readonly reason?: string;
  /** Paths of the layers that go with it, in order of execution: branch, Add, and the activation behind the Add if it belongs to the block. Empty where the branch cannot be taken out. */
  readonly layers: readonly string[];
  /** Which input of the Add is the identity, 0 or 1. */
  readonly shortcut: number;
  /** Paths of the kernels in the branch (convolution, dense, attention), without biases and normalization. */
  readonly kernels: readonly string[];
  /** Weights that go with it, those of batch normalization with their statistics. */
  readonly params: number;
  /** Multiply-adds for one sample that go with it; null where the model leaves a size open and no `inputShape` is given. */
  readonly macs: number | null;
}

export interface FindResidualBlocksOptions extends CountMacsOptions {
  /** Of blocks inside each other's branches, which are offered. "innermost" is for networks with one skip around many blocks (SRResNet). Default "outermost". */
  readonly nested?: "outermost" | "innermost";
}

const kernelRoles: readonly string[] = ["kernel", "depthwise-kernel", "pointwise-kernel", "recurrent-kernel"];

/**
 * Every Add of a model, in order of execution, and whether its residual block can be removed, so that its input takes the place
 * of its output. Sequential, functional and nested models; any layers in the branch, custom ones too.
 *
 * A block can go when one input of the Add, the shortcut, is the very tensor that the other is computed from, of the sum's shape,
 * and nothing else flows into the branch or out of it and no layer of it is shared. The activation behind the Add goes too if it
 * alone reads the sum and the shortcut comes out of the same activation (ResNet v1); with a pre-activation or a linear
 * bottleneck (MobileNetV2) the block ends with the Add. These are rules of ours: the paper gives none, the authors' code for
 * trained networks counts layers backwards from the Add.
 *
 * @throws {WarmstartError} MODEL_STATE when the model is not built.
 *
 * @example
 * findResidualBlocks(model).map(({ id, stage, removable, reason }) => `${id} ${stage} ${removable ? "can go" : reason}`);
 */
export function findResidualBlocks(model: LayersModel, { nested = "outermost", inputShape }: FindResidualBlocksOptions = {}): ResidualBlock[] {
  const graph = indexGraph(model);
  const adds = new Map(graph.calls.filter(({ layer }) => layer.getClassName() === "Add").map((call) => [call.path, call]));
  const units = [...adds.values()].map((add) => residualUnit(graph, add));
  const { parameters } = networkOf(model);
  const macs = macsPerLayer(model, { inputShape });
  const stages = stagesOf(units);
  return units.map((unit, i): ResidualBlock => {
    const reason = unit.reason ?? nestedReason(unit, units, nested);
    const layers = [...new Set(unit.calls.map(({ path }) => path))];
    const own = parameters.filter(({ layer }) => layers.some((path) => layer === path || layer.startsWith(`${path}/`)));
    return {
      id: unit.add.path,
      stage: stages[i]!,
      removable: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      layers,
      shortcut: unit.shortcut,
      kernels: own.filter(({ role }) => kernelRoles.includes(role)).map(({ path }) => path),
      params: own.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      macs: macs === undefined ? null : layers.reduce((sum, path) => sum + (macs[path] ?? 0), 0),
    };
  });
}

function macsPerLayer(model: LayersModel, options: CountMacsOptions): Readonly<Record<string, number>> | undefined {
  try {
    return countMacs(model, options).perLayer;
  } catch (error) {
    if (options.inputShape === undefined && WarmstartError.isInstance(error, "SHAPE_MISMATCH")) return undefined;
    throw error;
  }
}

function stagesOf(units: readonly ResidualUnit[]): (number | null)[] {
  let [stage, shape] = [-1, ""];
  return units.map(({ residual, add }) => {
    if (!residual) return null;
    const own = add.outputShapes[0]!.join();
    if (own !== shape) stage++;
    shape = own;
    return stage;
  });
}

function nestedReason(unit: ResidualUnit, units: readonly ResidualUnit[], nested: "outermost" | "innermost"): string | undefined {
  const within = (inner: ResidualUnit, outer: ResidualUnit) => inner !== outer && inner.calls.length > 0 && outer.calls.includes(inner.add);
  const outer = units.find((other) => within(unit, other));
  const inner = units.find((other) => within(other, unit));
  if (nested === "outermost" && outer !== undefined) return `it lies in the branch of "${outer.add.path}"; \`nested: "innermost"\` offers it instead`;
  if (nested === "innermost" && inner !== undefined) return `"${inner.add.path}" lies in its branch; \`nested: "outermost"\` offers it as a whole`;
  return undefined;
}
