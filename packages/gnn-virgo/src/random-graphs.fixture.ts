// Random graphs and features for tests, from seeds.
import { randomGenerator } from "@warmstart/init-core";
import { createGraph, type Graph } from "./graph.js";

/** Every pair linked with probability p (Erdős and Rényi). */
export function erdosRenyi(numNodes: number, p: number, seed: number): Graph {
  const random = randomGenerator(seed);
  const pairs: [number, number][] = [];
  for (let a = 0; a < numNodes; a++) for (let b = a + 1; b < numNodes; b++) if (random.uniform() < p) pairs.push([a, b]);
  return undirected(numNodes, pairs);
}

/** Each new node linked to m earlier ones, drawn by their degree (Barabási and Albert). */
export function barabasiAlbert(numNodes: number, m: number, seed: number): Graph {
  return undirected(numNodes, preferential(numNodes, m, seed));
}

/** Papers and what they cite: node i cites up to m distinct earlier ones, drawn by citations + 1; messages flow to the cited. */
export function citations(numNodes: number, m: number, seed: number): Graph {
  const pairs = preferential(numNodes, m, seed, true);
  return createGraph({ numNodes, src: pairs.map(([a]) => a), dst: pairs.map(([, b]) => b) });
}

/** A ring in which every node knows the d / 2 next ones on each side. */
export function ring(numNodes: number, d: number): Graph {
  return undirected(numNodes, Array.from({ length: numNodes * (d / 2) }, (_, e) => [e % numNodes, ((e % numNodes) + 1 + Math.floor(e / numNodes)) % numNodes]));
}

function preferential(numNodes: number, m: number, seed: number, incomingAlone = false): [number, number][] {
  const random = randomGenerator(seed);
  const urn: number[] = [0];
  const pairs: [number, number][] = [];
  for (let node = 1; node < numNodes; node++) {
    const targets = new Set<number>();
    while (targets.size < Math.min(m, node)) targets.add(urn[random.integer(urn.length)]!);
    for (const target of targets) {
      pairs.push([node, target]);
      urn.push(target, ...(incomingAlone ? [] : [node]));
    }
    urn.push(node);
  }
  return pairs;
}

const undirected = (numNodes: number, pairs: readonly (readonly [number, number])[]): Graph => createGraph({ numNodes, src: pairs.map(([a]) => a), dst: pairs.map(([, b]) => b), undirected: true });

export function uniforms(length: number, seed: number): Float64Array {
  const random = randomGenerator(seed);
  return Float64Array.from({ length }, () => random.uniform());
}

export function normals(length: number, seed: number): Float64Array {
  const random = randomGenerator(seed);
  return Float64Array.from({ length }, () => random.normal());
}
