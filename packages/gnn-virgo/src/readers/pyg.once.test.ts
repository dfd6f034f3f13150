import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyGraph, edgesOf } from "../graphs/graphs.fixture.js";
import { fromPyG, type PyGData } from "./pyg.js";

describe("fromPyG", () => {
  it("reads a Data turned to JSON", () => {
    const json = '{"edge_index": [[0, 1, 2], [1, 0, 2]], "edge_weight": [1, 2, 0.5], "x": [[1, 2], [3, 4], [5, 6], [7, 8]], "y": [0, 2, -1, 1], "train_mask": [true, false, false, true], "val_mask": [false, true, false, false], "test_mask": [false, false, true, false]}';
    const data = fromPyG(JSON.parse(json) as PyGData);
    expect(edgesOf(data.graph)).toEqual([[0, 1, 1], [1, 0, 2], [2, 2, 0.5]]);
    expect(data).toMatchObject({ numFeatures: 2, features: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), labels: Int32Array.of(0, 2, -1, 1), numClasses: 3, splits: { train: Int32Array.of(0, 3), validation: Int32Array.of(1), test: Int32Array.of(2) } });
  });

  it("reads flat arrays, as from safetensors or npz", () => {
    const data = fromPyG({ edge_index: Int32Array.of(0, 1, 2, 1, 2, 0), x: Float32Array.of(1, 2, 3, 4, 5, 6), y: Float32Array.of(0.5, 1, 2), num_nodes: 3, train_mask: Uint8Array.of(1, 0, 1) });
    expect(edgesOf(data.graph)).toEqual([[0, 1, 1], [1, 2, 1], [2, 0, 1]]);
    expect(data).toMatchObject({ numFeatures: 2, numTargets: 1, targets: Float32Array.of(0.5, 1, 2), splits: { train: Int32Array.of(0, 2), test: new Int32Array() } });
    expect(data.labels).toBeUndefined();
  });

  it("reads batches, whose y is of the graphs", () => {
    const batch = { edge_index: [[0, 2], [1, 3]] as const, batch: [0, 0, 1, 1] };
    expect(fromPyG({ ...batch, y: [1, 0] })).toMatchObject({ graph: { numGraphs: 2, numNodes: 4 }, graphLabels: Int32Array.of(1, 0), numClasses: 2 });
    expect(fromPyG({ ...batch, y: [[0.5, 1], [2, 3]] })).toMatchObject({ targets: Float32Array.of(0.5, 1, 2, 3), numTargets: 2 });
    expect(fromPyG({ edge_index: [[0], [1]], y: [1] })).toMatchObject({ graphLabels: Int32Array.of(1) });
  });

  it("counts nodes by features, by batch or by edges", () => {
    expect(fromPyG({ edge_index: [[], []], x: [[1], [2]] }).graph.numNodes).toBe(2);
    expect(fromPyG({ edge_index: [[0], [3]] }).graph.numNodes).toBe(4);
    expect(fromPyG({ edge_index: [], num_nodes: 2 }).graph.numEdges).toBe(0);
  });

  it("gives back any graph that was written down", () => {
    fc.assert(
      fc.property(anyGraph, fc.boolean(), ({ numNodes, src, dst, weight }, flat) => {
        const edge_index = flat ? [...src, ...dst] : ([[...src], [...dst]] as const);
        expect(edgesOf(fromPyG({ edge_index, num_nodes: numNodes, ...(weight ? { edge_weight: weight } : {}) }).graph)).toEqual(Array.from(src, (node, e) => [node, dst[e], weight?.[e] ?? 1]));
      }),
    );
  });

  it("says what does not fit", () => {
    const index = [[0], [1]] as const;
    expect(() => fromPyG({} as PyGData)).toThrow("fromPyG: edge_index is missing");
    expect(() => fromPyG({ edge_index: [[0, 1], [1, 2], [2, 0]] })).toThrow("edge_index must be [sources, destinations], got 3 lists");
    expect(() => fromPyG({ edge_index: [0, 1, 2] })).toThrow("got 3 numbers");
    expect(() => fromPyG({ edge_index: [[0, 1], [1]] })).toThrow("src and dst must be equally long");
    expect(() => fromPyG({ edge_index: [[0], [4]], num_nodes: 2 })).toThrow("dst must hold nodes from 0 to 1, got 4 at edge 0");
    expect(() => fromPyG({ edge_index: index, edge_weight: [NaN] })).toThrow("edge_weight must be finite, got NaN at edge 0");
    expect(() => fromPyG({ edge_index: index, x: [[1, 2], [3]] })).toThrow("all rows of x must have 2 numbers as the first, got 1 in row 1");
    expect(() => fromPyG({ edge_index: index, x: [1, 2, 3] })).toThrow("x must have a row for each of 2, got 3 numbers");
    expect(() => fromPyG({ edge_index: index, num_nodes: 2, x: [[1]] })).toThrow("x must have 2 rows, got 1");
    expect(() => fromPyG({ edge_index: index, x: [[1, 2], [3, NaN]] })).toThrow("x must be finite, got NaN at node 1, feature 1");
    expect(() => fromPyG({ edge_index: index, y: [0, -2] })).toThrow("classes in y must be whole numbers from 0 on, or -1 for unknown, got -2 at position 1");
    expect(() => fromPyG({ edge_index: [[0, 2], [1, 3]], batch: [0, 0, 1, 1], y: [0, 1, 2] })).toThrow("y must have an entry for each of 4 nodes or of 2 graphs, got 3");
    expect(() => fromPyG({ edge_index: index, train_mask: [true] })).toThrow("train_mask must have an entry for each of 2 nodes, got 1");
    expect(() => fromPyG({ edge_index: index, val_mask: [[true], [false]] as unknown as boolean[] })).toThrow("val_mask must have an entry for each of 2 nodes, got lists. Of several splits take one column.");
    expect(() => fromPyG({ edge_index: [[], []] })).toThrow("has no nodes");
  });
});
