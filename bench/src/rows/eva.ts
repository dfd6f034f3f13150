import { disposeModel, initialize } from "@warmstart/init-core";
import { eva } from "@warmstart/lora-init";
import { residualStack, tokens } from "../material.js";
import type { Work } from "../definition.js";

/** All 20 batches are gone through, as the peer is made to; `tau` decides whether ours looks at its directions after each of them. */
async function prepare(tau: number): Promise<Work> {
  const model = residualStack(768, 6);
  const batches = Array.from({ length: 20 }, (_, i) => tokens(16, 64, 768, i));
  return async () => {
    const { result, report } = await initialize(model, eva({ r: 16, rho: 2, tau, maxBatches: 20, data: batches }), { seed: 1 });
    if (report.facts.batches !== 20) throw new Error(`used ${report.facts.batches} batches, not 20`);
    return { figures: { state_bytes: Number(report.facts["state bytes"]) }, dispose: () => disposeModel(result) };
  };
}

/** A number of batches fixed beforehand (tau 1): directions are needed once, after the last. */
export const prepareFixed = (): Promise<Work> => prepare(1);

/** As with the default tau, but one that nothing reaches: directions found and compared after every batch, as PEFT always does. */
export const prepareCompared = (): Promise<Work> => prepare(1 - 1e-12);
