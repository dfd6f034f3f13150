import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize } from "@warmstart/init-core";
import { eva } from "@warmstart/lora-init";
import { residualStack, tokens } from "../material.js";
import type { Growth } from "../result.js";
import type { Work } from "../definition.js";

export async function prepare(): Promise<Work> {
  const model = residualStack(256, 2);
  return async () => {
    const growth = { batches: [10, 1000], state_bytes: [] as number[], tensor_bytes: [] as number[], peak_rss_mb: [] as number[] } satisfies Growth;
    for (const count of growth.batches) {
      let peak = 0;
      function* stream() {
        for (let i = 0; i < count; i++) {
          peak = Math.max(peak, tf.memory().numBytes);
          yield tokens(2, 16, 256, i); // disposed by eva
        }
      }
      const { result, report } = await initialize(model, eva({ r: 8, rho: 2, tau: 1, maxBatches: count, data: stream }), { seed: 1 });
      if (report.facts.batches !== count) throw new Error(`used ${report.facts.batches} batches, not ${count}`);
      disposeModel(result);
      growth.state_bytes.push(Number(report.facts["state bytes"]));
      growth.tensor_bytes.push(peak);
      growth.peak_rss_mb.push(Math.round(process.resourceUsage().maxRSS / 1024));
    }
    return { figures: { state_bytes: growth.state_bytes.at(-1)!, growth }, dispose: () => undefined };
  };
}
