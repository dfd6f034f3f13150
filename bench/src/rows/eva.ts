import { disposeModel, initialize } from "@warmstart/init-core";
import { eva } from "@warmstart/lora-init";
import { residualStack, tokens } from "../material.js";
import type { Work } from "../rows.js";

/** All 20 batches are used, by tau 1, as the peer is made to: ours then needs no directions before the last batch. */
export async function prepare(): Promise<Work> {
  const model = residualStack(768, 6);
  const batches = Array.from({ length: 20 }, (_, i) => tokens(16, 64, 768, i));
  return async () => {
    const { result, report } = await initialize(model, eva({ r: 16, rho: 2, tau: 1, maxBatches: 20, data: batches }), { seed: 1 });
    if (report.facts.batches !== 20) throw new Error(`used ${report.facts.batches} batches, not 20`);
    return { figures: { state_bytes: Number(report.facts["state bytes"]) }, dispose: () => disposeModel(result) };
  };
}
