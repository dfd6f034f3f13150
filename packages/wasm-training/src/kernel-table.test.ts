import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { registerTrainingKernels, trainingKernelNames, unregisterTrainingKernels } from "./index.js";

const kernelsOf = (backend: string): string[] => tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
const [cpu, shipped] = [kernelsOf("cpu"), kernelsOf("wasm")];
const lacking = cpu.filter((name) => !shipped.includes(name)).toSorted();
const ours = trainingKernelNames();

afterEach(() => unregisterTrainingKernels());

/** What a kernel that the WebAssembly backend lacks is for. */
const purpose: Readonly<Record<string, string>> = {
  Complex: "complex numbers",
  ComplexAbs: "`tf.abs` of complex numbers",
  Conv2DBackpropFilter: "training convolutions",
  DepthwiseConv2dNativeBackpropFilter: "training depthwise convolutions",
  DepthwiseConv2dNativeBackpropInput: "training through depthwise convolutions",
  Draw: "paints on a canvas",
  Einsum: "`tf.einsum`",
  FFT: "`tf.spectral.fft`, `rfft`",
  IFFT: "`tf.spectral.ifft`, `irfft`",
  Imag: "`tf.imag`, `rfft`, `irfft`",
  RaggedGather: "ragged tensors of converted text models; nothing that is trained",
  RaggedRange: "ragged tensors of converted text models; nothing that is trained",
  RaggedTensorToTensor: "ragged tensors of converted text models; nothing that is trained",
  Real: "`tf.real`, `rfft`, `irfft`",
  StaticRegexReplace: "strings",
  UnsortedSegmentSum: "training embeddings and everything that gathers; sums over neighbours in a graph",
};

function table(): string {
  const rows = lacking.map((name) => `| \`${name}\` | ${ours.includes(name) ? "**yes**" : "no"} | ${purpose[name] ?? "?"} |`);
  return ["| kernel that cpu has and WebAssembly lacks | here | for |", "| --- | --- | --- |", ...rows].join("\n");
}

describe("the kernels that the WebAssembly backend lacks", () => {
  it("are all known: each is here, or the table says what it would be for", () => {
    expect(lacking.filter((name) => purpose[name] === undefined)).toEqual([]);
    expect(Object.keys(purpose).filter((name) => !lacking.includes(name))).toEqual([]);
  });

  it("are there once ours are registered, except those that nothing trained needs", () => {
    registerTrainingKernels();
    const rest = cpu.filter((name) => !kernelsOf("wasm").includes(name)).toSorted();
    expect(rest).toEqual(lacking.filter((name) => !ours.includes(name)));
    for (const name of ["Draw", "RaggedGather", "RaggedRange", "RaggedTensorToTensor", "StaticRegexReplace"]) expect(rest).toContain(name);
  });

  it("are those of the README's table (UPDATE_README=1 writes it)", () => {
    const path = fileURLToPath(new URL("../README.md", import.meta.url));
    const readme = readFileSync(path, "utf8");
    const marked = /(<!-- kernel-table -->\n)[^]*?(<!-- \/kernel-table -->)/;
    expect(readme).toMatch(marked);
    const generated = readme.replace(marked, (_, begin: string, end: string) => `${begin}${table()}\n${end}`);
    if (process.env.UPDATE_README === "1") writeFileSync(path, generated);
    else expect(readme).toBe(generated);
  });
});
