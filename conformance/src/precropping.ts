// Runners of the PreCrop operations: numbers about networks, without tensors.
import { channelGroups, log10ExpectedPathSum, planCrop, synExpDensities, widthCost, type CropBudget, type CropWidths, type PlanCropOptions } from "@warmstart/pruning-at-init";
import { disposeModel } from "@warmstart/init-core";
import type * as tf from "@tensorflow/tfjs";
import type { ReferenceCase } from "./cases.js";
import { buildNetwork, type NetworkDescription } from "./networks.js";
import type { Runner } from "./runner.js";
import type { Value } from "./values.js";

const budgetOf = ({ options }: ReferenceCase) => options.budget as CropBudget;

const densities: Runner = async (reference) => {
  const [alpha, beta] = [reference.inputs.alpha!, reference.inputs.beta!].map(({ data }) => Array.from(data) as number[]);
  const { densities: found, mu, ...figures } = synExpDensities(alpha!, beta!, budgetOf(reference), reference.options.upper as number);
  return { densities: [...found], ...figures, ...(mu === undefined ? {} : { mu }) };
};

/** A model of the case for as long as `use` needs it. */
function withNetwork(reference: ReferenceCase, use: (model: tf.LayersModel, layerNames: readonly string[]) => Record<string, Value>): Record<string, Value> {
  const model = buildNetwork(reference);
  try {
    const { layers } = reference.options.network as unknown as NetworkDescription;
    return use(model, layers.filter(({ type }) => ["conv2d", "depthwiseConv2d", "dense"].includes(type)).map(({ name }) => name));
  } finally {
    disposeModel(model);
  }
}

/** What the cases call groups: the free ones. */
function free<T>(plan: CropWidths, values: readonly T[]): T[] {
  return values.filter((_, g) => plan.groups[g]!.fixed === undefined);
}

const shared = (plan: CropWidths, layerNames: readonly string[]) => ({
  layerNames: [...layerNames],
  groups: free(plan, plan.groups).map(({ id }) => id),
  groupScales: free(plan, plan.scales),
  layerDensities: layerNames.map((name) => plan.densities[name]![0]),
});

const plan: Runner = async (reference) =>
  withNetwork(reference, (model, layerNames) => {
    const graph = channelGroups(model);
    const { maxExpand } = reference.options as PlanCropOptions;
    const found = planCrop(graph, reference.options as PlanCropOptions);
    const common = { ...shared(found, layerNames), slots: free(found, found.slots), objective: found.objective[0] };
    if (maxExpand === 1) {
      const { params, flops } = found.utilisation;
      return { ...common, layerWidths: layerNames.map((name) => found.widths[name]![1]), integerObjective: found.objective[1], kernelParams: [...found.kernelParams], macs: [...found.macs!], params: [...found.params], utilisation: params ?? flops! };
    }
    // The cases of PreConfig want the continuous optimum rounded down, and nothing after it.
    const floors = Object.fromEntries(found.groups.flatMap(({ layers, from, fixed }, g) => (fixed === undefined ? layers.map((layer): [string, number] => [layer, Math.max(1, Math.floor(found.scales[g]! * from))]) : [])));
    const floored = widthCost(graph, floors);
    return { ...common, utilisations: [...found.continuousUse], floorWidths: layerNames.map((name) => floors[name] ?? found.widths[name]![0]), paramsFloor: [...floored.params], macsFloor: [...floored.macs] };
  });

const map: Runner = async (reference) =>
  withNetwork(reference, (model, layerNames) => {
    const found = planCrop(channelGroups(model), { ...(reference.options as PlanCropOptions), mode: "layerwise" });
    const { scales, factor, fit } = found.mapped!;
    return { ...shared(found, layerNames), unscaled: free(found, scales), scale: factor, costUse: found.continuousUse[0]!, ...(fit === undefined ? {} : { fit }) };
  });

const expressiveness: Runner = async (reference) =>
  withNetwork(reference, (model, layerNames) => {
    const widths = Object.fromEntries(layerNames.map((name, i) => [name, (reference.options.layerWidths as number[])[i]!]));
    const { layerDensities, sumLogDensity, kernelParams, macs, params } = widthCost(channelGroups(model), widths);
    const pathSum: Record<string, Value> = reference.expected.log10ExpectedR === undefined ? {} : { log10ExpectedR: [log10ExpectedPathSum(model), log10ExpectedPathSum(model, widths)] };
    return { layerDensities: layerNames.map((name) => layerDensities[name]!), sumLogDensity, kernelParams: [...kernelParams], macs: [...macs], params: [...params], ...pathSum };
  });

export const precroppingRunners: Readonly<Record<string, Runner>> = {
  "precropping/densities": densities,
  "precropping/expressiveness": expressiveness,
  "precropping/map": map,
  "precropping/plan": plan,
};
