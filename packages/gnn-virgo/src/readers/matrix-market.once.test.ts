import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyGraph, edgesOf } from "../graphs/graphs.fixture.js";
import { fromMatrixMarket } from "./matrix-market.js";

const read = (text: string) => edgesOf(fromMatrixMarket(text).graph);
const header = "%%MatrixMarket matrix coordinate";

describe("fromMatrixMarket", () => {
  it("reads real, integer and pattern matrices, rows being sources", () => {
    expect(read(`${header} real general\n% a comment\n\n3 3 2\n1 2 0.5\n3 1 -1e2\n`)).toEqual([[0, 1, 0.5], [2, 0, -100]]);
    expect(read(`${header} integer general\n2 2 1\n2 2 7\n`)).toEqual([[1, 1, 7]]);
    expect(fromMatrixMarket(`${header} pattern general\n4 4 1\n1 3\n`).graph).toMatchObject({ numNodes: 4, numEdges: 1 });
    expect(fromMatrixMarket(`${header} pattern general\n4 4 1\n1 3\n`).graph.weight).toBeUndefined();
  });

  it("adds the other half of symmetric and skew-symmetric ones", () => {
    expect(read(`${header} pattern symmetric\n3 3 3\n2 1\n3 2\n2 2\n`)).toEqual([[1, 0, 1], [0, 1, 1], [2, 1, 1], [1, 2, 1], [1, 1, 1]]);
    expect(read(`${header} real skew-symmetric\n2 2 1\n2 1 3\n`)).toEqual([[1, 0, 3], [0, 1, -3]]);
  });

  it("gives back any graph that was written down", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const rows = edgesOf(graph).map(([src, dst, weight]) => `${src + 1} ${dst + 1} ${weight}`);
        expect(read([`${header} real general`, `${graph.numNodes} ${graph.numNodes} ${rows.length}`, ...rows].join("\r\n"))).toEqual(edgesOf(graph));
      }),
    );
  });

  it("names the line of what is wrong", () => {
    expect(() => read("1 2\n")).toThrow('fromMatrixMarket: the text must begin with %%MatrixMarket, got "1 2"');
    expect(() => read("")).toThrow("must begin with %%MatrixMarket");
    expect(() => read(`${header} complex general\n`)).toThrow("real, integer or pattern, and general, symmetric or skew-symmetric, got");
    expect(() => read("%%MatrixMarket matrix array real general\n")).toThrow('must be of the kind "matrix coordinate"');
    expect(() => read(`${header} real general\n2 3 0\n`)).toThrow("must be square, a row and a column a node, got 2 by 3");
    expect(() => read(`${header} real general\n2 2\n`)).toThrow("line 2 must have the numbers of rows, columns and entries");
    expect(() => read(`${header} real general\n`)).toThrow("got no such line");
    expect(() => read(`${header} real general\n2 2 1\n3 1 1\n`)).toThrow('rows and columns must be whole numbers from 1 to 2, got "3 1 1" in line 3');
    expect(() => read(`${header} real general\n2 2 1\n2 1\n`)).toThrow("line 3 must have 3 fields");
    expect(() => read(`${header} pattern general\n2 2 1\n2 1 4\n`)).toThrow("line 3 must have 2 fields");
    expect(() => read(`${header} real general\n2 2 1\n2 1 nan\n`)).toThrow(expect.objectContaining({ code: "NOT_FINITE" }));
    expect(() => read(`${header} real general\n2 2 2\n2 1 1\n`)).toThrow("must have 2 entries, as its first lines say, got 1. It seems to be cut off.");
    expect(() => read(`${header} real general\n2 2 1\n2 1 1\n1 2 1\n`)).toThrow("must have 1 entries, as its first lines say, got 2");
    expect(() => read(`${header} real skew-symmetric\n2 2 1\n2 2 1\n`)).toThrow("has nothing on its diagonal, got row and column 2 in line 3");
  });
});
