// What the weights of each layer are called in torch_geometric 2.8 and torch.
import type { layers } from "@tensorflow/tfjs-layers";

/** A weight of a layer in a state_dict. */
export interface Weight {
  /** Its names below the module, the usual one first. */
  readonly theirs: readonly string[];
  /** A kernel is the other way round, an attention vector has an axis of 1 before its heads. */
  readonly layout: "same" | "transposed" | "heads";
}

export interface Translation {
  /** By the short name of the layer's weight. */
  readonly weights: Readonly<Record<string, Weight>>;
  /** Entries of the state_dict that are no weight of the layer: of these numbers, or like another entry, or not looked at. */
  readonly fixed?: readonly { readonly name: string; readonly data?: readonly number[]; readonly like?: string; readonly ignored?: boolean }[];
}

const same = (...theirs: string[]): Weight => ({ theirs, layout: "same" });
const kernel = (...theirs: string[]): Weight => ({ theirs, layout: "transposed" });
const heads = (...theirs: string[]): Weight => ({ theirs, layout: "heads" });

interface Config {
  readonly version?: 1 | 2;
  readonly shareWeights?: boolean;
  readonly useBias?: boolean;
  readonly eps?: number;
  readonly trainEps?: boolean;
}

const translations: Readonly<Record<string, (config: Config) => Translation>> = {
  GCNConv: () => ({ weights: { kernel: kernel("lin.weight"), bias: same("bias") } }),
  SAGEConv: () => ({ weights: { kernel: kernel("lin_l.weight"), root_kernel: kernel("lin_r.weight"), bias: same("lin_l.bias") } }),
  GATConv: ({ version, shareWeights, useBias }): Translation =>
    version === 2
      ? {
          weights: { kernel: kernel("lin_l.weight"), source_bias: same("lin_l.bias"), target_kernel: kernel("lin_r.weight"), target_bias: same("lin_r.bias"), attention: heads("att"), bias: same("bias") },
          ...(shareWeights === true ? { fixed: ["weight", ...(useBias === false ? [] : ["bias"])].map((part) => ({ name: `lin_r.${part}`, like: `lin_l.${part}` })) } : {}),
        }
      : { weights: { kernel: kernel("lin.weight", "lin_src.weight"), attention_source: heads("att_src"), attention_target: heads("att_dst"), bias: same("bias") } },
  GINConv: ({ eps = 0, trainEps }): Translation => ({
    weights: { kernel: kernel("nn.0.weight", "nn.lins.0.weight"), bias: same("nn.0.bias", "nn.lins.0.bias"), inner_kernel: kernel("nn.2.weight", "nn.lins.1.weight"), inner_bias: same("nn.2.bias", "nn.lins.1.bias"), eps: same("eps") },
    ...(trainEps === true ? {} : { fixed: [{ name: "eps", data: [eps] }] }),
  }),
  GraphNorm: () => ({ weights: { gamma: same("weight"), beta: same("bias"), mean_scale: same("mean_scale") } }),
  Dense: () => ({ weights: { kernel: kernel("weight"), bias: same("bias") } }),
  BatchNormalization: () => ({
    weights: { gamma: same("weight", "module.weight"), beta: same("bias", "module.bias"), moving_mean: same("running_mean", "module.running_mean"), moving_variance: same("running_var", "module.running_var") },
    fixed: [{ name: "num_batches_tracked", ignored: true }, { name: "module.num_batches_tracked", ignored: true }],
  }),
};

/** Undefined for a class that PyG has no counterpart of. */
export const translationOf = (layer: layers.Layer): Translation | undefined => translations[layer.getClassName()]?.(layer.getConfig() as Config);
