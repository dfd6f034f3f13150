import type { Entry } from "../gradient.js";
import { complexEntries } from "./complex.js";
import { convolutionEntries } from "./convolutions.js";
import { einsum } from "./einsum.js";
import { fusedBatchNorm } from "./fused-batch-norm.js";
import { indexingEntries } from "./indexing.js";
import { pairwiseEntries } from "./pairwise.js";
import { relu, reluGrad } from "./relu.js";
import { tile } from "./tile.js";

/** Every gradient that `registerGradients` puts in place. */
export const gradientEntries: readonly Entry[] = [...convolutionEntries, fusedBatchNorm, relu, reluGrad, tile, einsum, ...pairwiseEntries, ...complexEntries, ...indexingEntries];
