import { orthogonal } from "@warmstart/init-core";
import { finished } from "../material.js";
import type { Work } from "../definition.js";

export async function prepare(): Promise<Work> {
  let seed = 0;
  return async () => {
    const matrix = orthogonal({ seed: ++seed }).apply([1024, 1024]);
    await finished(matrix);
    return { dispose: () => matrix.dispose() };
  };
}
