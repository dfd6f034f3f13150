// User code for all sixteen techniques, type-checked against the contract and never run: `npx tsc -p docs/decisions/tsconfig.json`.
// Signatures stand beside their use, as far as the use needs them; 001-the-contract.md says what each technique takes of the contract.
import * as tf from "@tensorflow/tfjs";
import { type Data, initialize, type Initializer, type InitOptions, type LabelledBatch, loadPlan, type Loss, type ModelInitializer, type Network, networkOf, type Parameter, type Plan, type Report, savePlan, type Site, WarmstartError } from "@warmstart/init-core";

// What the user has.
declare const base: tf.LayersModel;
declare const rebuilt: tf.LayersModel; // the same code as `base`, built again: other automatic names
declare const sequential: tf.Sequential;
declare const batches: tf.Tensor[];
declare const labelled: () => AsyncGenerator<{ xs: tf.Tensor; ys: tf.Tensor }>;
declare const crossEntropy: Loss;

/** A technique whose plan needs the graph of a LayersModel, and which builds another model. */
type StructureInitializer<P extends Plan> = Initializer<tf.LayersModel, P, tf.LayersModel>;
type Anything = tf.LayersModel | Network;

// A model in plain tfjs-core: two arrays and a function.
declare const kernel: Parameter;
const site: Site = { path: kernel.path, layer: "mlp", kind: "dense", kernel, input: "x" };
const byHand: Network = { parameters: [kernel], sites: [site], forward: (x: tf.Tensor, { onInput } = {}) => tf.matMul(onInput?.(site, x) ?? x, kernel.variable as tf.Tensor2D) };

// ── EVA: data → adapters ────────────────────────────────────────────────────────────────────────────────────────────────────────────
interface AdapterOptions {
  r?: number;
  loraAlpha?: number;
  targetLayers?: readonly (string | RegExp)[];
}
type AdapterPlan = Plan<{ ranks: Record<string, number> }>;
declare function eva(options: AdapterOptions & { data: Data<tf.Tensor | tf.Tensor[]>; rho?: number; tau?: number }): ModelInitializer<AdapterPlan>;

export async function evaOnAModel(signal: AbortSignal) {
  const { result: model, report } = await initialize(base, eva({ r: 8, rho: 2, data: batches }), { seed: 1, signal, onProgress: ({ stage, done }) => console.log(stage, done) });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  await model.fit(batches[0]!, batches[1]!);
  await model.save("file://adapted");
  console.log(report.toString());
}

export async function evaInSteps() {
  const method = eva({ r: 8, data: tf.data.array([1, 2, 3]).map((n) => tf.ones([n, 4])) });
  const plan = await method.plan(networkOf(base));
  console.log(plan.details.ranks, plan.targets[0]?.path);
  const bytes = await savePlan(plan);
  plan.dispose();
  const again = loadPlan(bytes, networkOf(rebuilt)); // typed by nobody: the bytes may come from any method
  // @ts-expect-error the details of a plan that was read back are unknown
  console.log(again.details.ranks);
  return method.apply(rebuilt, again as AdapterPlan);
}

// ── LoRA-SB: data and labels → adapters ─────────────────────────────────────────────────────────────────────────────────────────────
declare function loraSb(options: AdapterOptions & { data: Data<LabelledBatch>; loss: Loss; learningRate: number; maxSamples?: number }): ModelInitializer<AdapterPlan>;

export async function loraSbOnAModel() {
  const { result: model } = await initialize(base, loraSb({ r: 64, data: labelled, loss: crossEntropy, learningRate: 4e-4, maxSamples: 100 }));
  model.compile({ optimizer: tf.train.adam(1e-3), loss: "categoricalCrossentropy" }); // no alpha to tune; only the r × r cores train
  // @ts-expect-error inputs without labels are not enough
  loraSb({ data: batches, loss: crossEntropy, learningRate: 4e-4 });
  return model;
}

// ── PiSSA: weights alone ────────────────────────────────────────────────────────────────────────────────────────────────────────────
declare function pissa(options?: AdapterOptions): ModelInitializer<AdapterPlan>;
declare function attach(network: Network, plan: AdapterPlan): { forward: Network["forward"]; trainable: tf.Variable[]; merge(): void; dispose(): void };

export async function pissaOnBoth() {
  const { result: adapted } = await initialize(sequential, pissa({ r: 16, targetLayers: [/attention/] }));
  // @ts-expect-error it is another model than the user's Sequential
  adapted satisfies tf.Sequential;
  // @ts-expect-error a model made by hand cannot be rebuilt: refused here, not at run time
  await initialize(byHand, pissa());
  const plan = await pissa().plan(byHand); // its plan is fine
  const adapters = attach(byHand, plan); // copies what it keeps
  plan.dispose();
  tf.train.adam().minimize(() => tf.mean(adapters.forward(batches[0]!) as tf.Tensor) as tf.Scalar, false, adapters.trainable);
}

// ── Virgo: graph → standard deviations ──────────────────────────────────────────────────────────────────────────────────────────────
interface Graph {
  numNodes: number;
  src: Int32Array;
  dst: Int32Array;
}
declare const graph: Graph;
declare const features: tf.Tensor2D;
type ShapeInitializer = Exclude<Parameters<typeof tf.layers.dense>[0]["kernelInitializer"], string | undefined>; // tfjs exports no name for it
declare function graphConv(args: { graph: Graph; units: number; kernelInitializer?: ShapeInitializer }): tf.layers.Layer;
declare function virgo(options: { graph: Graph; features?: tf.Tensor2D; mode?: "forward" | "backward" | "harmonic" }): Initializer<Anything, Plan<{ variance: Record<string, number> }>>;
declare function virgoVariances(graph: Graph, widths: readonly number[]): Float64Array;
declare function virgoUniform(config: { variance: number; seed?: number }): ShapeInitializer;

export async function virgoOnAModelAndByLayer() {
  const { result: same, report } = await initialize(sequential, virgo({ graph, features }), { seed: 3 });
  same satisfies tf.Sequential; // in place: the user's own type, and so for a network by hand
  (await initialize(byHand, virgo({ graph }))).result satisfies Network;
  const [first] = virgoVariances(graph, [32, 16, 7]); // before there is a model
  const layer = graphConv({ graph, units: 16, kernelInitializer: virgoUniform({ variance: first!, seed: 1 }) });
  return [layer, report];
}

// ── S4D: parameters that need a shape only ──────────────────────────────────────────────────────────────────────────────────────────
declare function s4d(config: { dState?: number; init?: "lin" | "inv" | "legs"; seed?: number }): tf.layers.Layer;
declare function s4dImag(config: { init: "lin" | "inv" | "legs" }): ShapeInitializer;
declare function parameterGroups(model: tf.LayersModel): { ssm: tf.Variable[]; regular: tf.Variable[] };

export async function s4dInAModel() {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 64, inputShape: [1024, 1] }), s4d({ dState: 64, init: "lin", seed: 1 }), s4d({ seed: 2 })] });
  tf.layers.dense({ units: 32, kernelInitializer: s4dImag({ init: "inv" }) });
  await model.save("file://s4d"); // class name and configuration, as tfjs does
  return parameterGroups(model).ssm;
}

// ── SNIP, GraSP, SynFlow: scores → masks ────────────────────────────────────────────────────────────────────────────────────────────
interface Pruned {
  readonly masks: Readonly<Record<string, tf.Tensor>>;
  keep(optimizer: tf.Optimizer): tf.Optimizer;
  dispose(): void;
}
type PruneInitializer = Initializer<Anything, Plan<{ density: Record<string, number> }>, Pruned>;
declare function snip(options: { density: number; data: Data<LabelledBatch>; loss: Loss }): PruneInitializer;
declare function grasp(options: { density: number; data: Data<LabelledBatch>; loss: Loss; temperature?: number }): PruneInitializer;
declare function synflow(options: { density: number; iterations?: number; inputShape?: readonly number[] }): PruneInitializer;

export async function pruneAtInit() {
  const { result: pruned, report } = await initialize(sequential, snip({ density: 0.1, data: labelled, loss: crossEntropy }));
  sequential.compile({ optimizer: pruned.keep(tf.train.adam(1e-3)), loss: "categoricalCrossentropy" });
  await sequential.fit(batches[0]!, batches[1]!);
  // @ts-expect-error the result is masks, not a model
  pruned.predict(batches[0]!);
  pruned.dispose();
  const plans = await Promise.all([grasp({ density: 0.1, data: labelled, loss: crossEntropy }), synflow({ density: 0.1 })].map((method) => method.plan(byHand)));
  return [report, ...plans.map(({ details }) => details.density[kernel.path])];
}

// ── PreCropping: fewer channels ─────────────────────────────────────────────────────────────────────────────────────────────────────
declare function preCrop(options: { budget: { params?: number; flops?: number }; weights?: "reinit" | "slice" }): StructureInitializer<Plan<{ widths: Record<string, readonly [from: number, to: number]> }>>;

export async function cropBeforeTraining() {
  const { result: small, report } = await initialize(sequential, preCrop({ budget: { flops: 0.5 } }), { seed: 1 });
  small satisfies tf.LayersModel;
  // @ts-expect-error channels are read off the graph of a LayersModel, which a network by hand does not show
  await preCrop({ budget: { params: 0.5 } }).plan(byHand);
  return report.tables[0];
}

// ── Layer lottery: fewer blocks ─────────────────────────────────────────────────────────────────────────────────────────────────────
declare function layerLottery(options: { remove: number; criterion?: "grasp" | "snip"; data: Data<LabelledBatch>; loss: Loss }): StructureInitializer<Plan<{ removed: readonly string[] }>>;

export async function drawALayerTicket(aborted: AbortSignal) {
  const method = layerLottery({ remove: 3, criterion: "grasp", data: labelled, loss: crossEntropy });
  const plan = await method.plan(base, { signal: aborted });
  console.log(plan.details.removed); // look before anything is built
  const shallower = method.apply(base, plan);
  plan.dispose();
  return shallower.layers.length;
}

// ── CW2V: tables of another height, from a corpus ───────────────────────────────────────────────────────────────────────────────────
interface Vocabulary {
  readonly size: number;
  idOf(token: string): number | undefined;
}
declare const [english, bilingual]: readonly [Vocabulary, Vocabulary];
declare const corpus: () => AsyncGenerator<Int32Array>;
declare function matchVocabulary(source: Vocabulary, target: Vocabulary): { readonly newIds: Int32Array };
type VocabularyMap = ReturnType<typeof matchVocabulary>;
declare function cw2v(options: { map: VocabularyMap; corpus: Data<Int32Array>; epochs?: number }): ModelInitializer<Plan<{ loss: readonly number[] }>>;
declare function cw2vTable(table: tf.Tensor2D, options: { map: VocabularyMap; corpus: Data<Int32Array>; epochs?: number } & InitOptions): Promise<{ table: tf.Tensor2D; report: Report }>;

export async function widenThenAdapt(embeddings: tf.Tensor2D) {
  const map = matchVocabulary(english, bilingual);
  const { result: wide } = await initialize(base, cw2v({ map, corpus }), { seed: 1 }); // input table, head and its bias
  const { result: adapted } = await initialize(wide, eva({ data: batches })); // two calls; `wide` may be disposed
  const { table, report } = await cw2vTable(embeddings, { map, corpus, seed: 1 }); // a table alone, without a model
  return { adapted, table, report };
}

// ── WECHSEL: tables of another height, from word vectors ────────────────────────────────────────────────────────────────────────────
interface StaticVectors {
  readonly dim: number;
  vector(text: string): Float32Array;
}
declare const [englishVectors, swahiliVectors]: readonly [StaticVectors, StaticVectors];
interface Neighbors {
  readonly ids: Int32Array;
  readonly weights: Float32Array;
  readonly report: Report;
}
declare function wechselNeighbors(languages: { source: Vocabulary; target: Vocabulary; sourceVectors: StaticVectors; targetVectors: StaticVectors; dictionary: readonly (readonly [string, string])[] }, options?: InitOptions & { neighbors?: number; temperature?: number }): Promise<Neighbors>;
declare function wechsel(options: { neighbors: Neighbors }): ModelInitializer;
declare function transferTable(neighbors: Neighbors, table: tf.Tensor2D, options?: InitOptions): { table: tf.Tensor2D; report: Report };

export async function anotherLanguage(swahili: Vocabulary, table: tf.Tensor2D) {
  const neighbors = await wechselNeighbors({ source: english, target: swahili, sourceVectors: englishVectors, targetVectors: swahiliVectors, dictionary: [["water", "maji"]] }, { seed: 1 });
  const { result: model } = await initialize(base, wechsel({ neighbors })); // one search serves input table, head, bias …
  const other = transferTable(neighbors, table); // … and every further table
  return { model, other };
}

// ── Cross Initialization: new rows through an encoder ───────────────────────────────────────────────────────────────────────────────
interface TextEncoder {
  readonly tokenEmbedding: tf.Tensor2D;
  encode(inputEmbeddings: tf.Tensor3D): tf.Tensor3D;
}
declare function crossInitialization(encoder: TextEncoder, options: { words: readonly (readonly number[])[] } & InitOptions): Promise<{ rows: tf.Tensor2D; report: Report }>;
declare function pullTowards(rows: tf.Tensor2D, weight?: number): (learned: tf.Tensor2D) => tf.Scalar;

export async function aNewFace(encoder: TextEncoder, denoisingLoss: (rows: tf.Tensor2D) => tf.Scalar) {
  const { rows, report } = await crossInitialization(encoder, { words: [[1929]] });
  const learned = tf.variable(rows);
  const pull = pullTowards(rows, 1e-5);
  tf.train.adam(5e-3).minimize(() => tf.add(denoisingLoss(learned as tf.Tensor2D), pull(learned as tf.Tensor2D)), false, [learned]);
  return report;
}

// ── SGD-SaI: inside an optimizer ────────────────────────────────────────────────────────────────────────────────────────────────────
declare class SgdSai extends tf.Optimizer {
  override applyGradients(gradients: Parameters<tf.Optimizer["applyGradients"]>[0]): void;
  override getConfig(): tf.serialization.ConfigDict;
  gains(): Promise<Record<string, number>>;
}
declare function sgdSai(config?: { learningRate?: number; momentum?: number; weightDecay?: number }): SgdSai;

export async function trainWithSai() {
  const optimizer = sgdSai({ learningRate: 1e-3 });
  sequential.compile({ optimizer, loss: "meanSquaredError" });
  await sequential.fit(batches[0]!, batches[1]!);
  // @ts-expect-error it starts at the first gradient, not before training: no initializer
  await initialize(sequential, optimizer);
  return optimizer.gains();
}

// ── LoRA-FAIR: many clients → next round ────────────────────────────────────────────────────────────────────────────────────────────
interface ClientUpdate {
  readonly adapters: Readonly<Record<string, { down: tf.Tensor2D; up: tf.Tensor2D }>>;
  readonly numExamples: number;
}
interface Round {
  readonly adapters: ClientUpdate["adapters"];
  readonly report: Report;
  dispose(): void;
}
declare function loraFairServer(options?: { lambda?: number }): { observe(client: ClientUpdate): Promise<void>; finish(options?: InitOptions): Promise<Round> };
declare function adaptersOf(model: Anything): ClientUpdate["adapters"];
declare function nextRound(round: Round): Initializer<Anything>;

export async function federated(clients: tf.LayersModel[]) {
  const server = loraFairServer({ lambda: 0.01 });
  for (const client of clients) await server.observe({ adapters: adaptersOf(client), numExamples: 100 }); // one client in memory at a time
  const round = await server.finish({ seed: 1 });
  for (const client of clients) await initialize(client, nextRound(round)); // in place, all or nothing
  round.dispose();
  return round.report;
}

// ── Perceptual-Initialization: a training stage as a start ──────────────────────────────────────────────────────────────────────────
type Triplet = { reference: tf.Tensor4D; left: tf.Tensor4D; right: tf.Tensor4D; vote: tf.Tensor1D };
declare const triplets: { train: () => AsyncGenerator<Triplet>; validation: () => AsyncGenerator<Triplet> };
declare function perceptualInit(options: { train: Data<Triplet>; validation: Data<Triplet>; epochs?: number; margin?: number; optimizer?: () => tf.Optimizer }): Initializer<Anything>;

export async function perceptionFirst(imageTower: tf.Sequential) {
  const method = perceptualInit({ ...triplets, epochs: 4, optimizer: () => tf.train.adam(3e-4) });
  const plan = await method.plan(imageTower); // trains on trial values; the tower is as it was
  const bytes = await savePlan(plan); // the weights of the best epoch
  method.apply(imageTower, plan);
  plan.dispose();
  return bytes;
}

// ── RDEIC: a latent and a step ──────────────────────────────────────────────────────────────────────────────────────────────────────
interface LatentStart {
  readonly latent: tf.Tensor;
  readonly step: number;
  readonly report: Report;
}
declare function relayStart(compressed: tf.Tensor4D, options?: { relay?: number } & InitOptions): LatentStart;
declare function relaySample(start: LatentStart, denoise: (z: tf.Tensor, step: number) => tf.Tensor, options?: { steps?: number } & InitOptions): Promise<tf.Tensor4D>;

export async function decodeImage(compressed: tf.Tensor4D, denoise: (z: tf.Tensor, step: number) => tf.Tensor) {
  const start = relayStart(compressed, { relay: 300, seed: 1 });
  const latent = await relaySample(start, denoise, { steps: 5 });
  start.latent.dispose();
  return latent;
}

// ── Video-MSG: a latent and a step ──────────────────────────────────────────────────────────────────────────────────────────────────
type Frames = tf.Tensor4D;
declare function parsePlan(text: string): { keyframes: readonly { index: number }[] }; // the published name; no Plan of ours
declare function composeSketch(plan: ReturnType<typeof parsePlan>, background: Frames, sprites: ReadonlyMap<string, tf.Tensor3D>): Frames;
declare function structuredStart(sketchLatent: tf.Tensor, options: { alpha?: number; alphaBar: Float64Array; steps: number } & InitOptions): LatentStart;

export function sketchAVideo(text: string, background: Frames, encode: (frames: Frames) => tf.Tensor, alphaBar: Float64Array) {
  const plan = parsePlan(text);
  const sketch = composeSketch(plan, background, new Map());
  const { latent, step, report } = structuredStart(encode(sketch), { alpha: 0.7, alphaBar, steps: 50, seed: 1 });
  sketch.dispose();
  return { latent, step, report }; // the user's own sampler goes on from here
}

// ── SubGM, and matrix sensing: small factors ────────────────────────────────────────────────────────────────────────────────────────
interface Measurements {
  apply(x: tf.Tensor2D): tf.Tensor1D;
  adjoint(values: tf.Tensor1D): tf.Tensor2D;
}
declare function gaussianMeasurements(shape: readonly [number, number], count: number, options?: InitOptions): Measurements & { dispose(): void };
declare function subgm(measurements: Measurements, values: tf.Tensor1D, options?: { searchRank?: number; alpha?: number } & InitOptions): Promise<{ u: tf.Tensor2D; outliers: Uint8Array; report: Report }>;
declare function factorize(measurements: Measurements, values: tf.Tensor1D, options: { columns: number; alpha?: number; rebalance?: boolean } & InitOptions): Promise<{ f: tf.Tensor2D; g: tf.Tensor2D; report: Report }>;

export async function recover(truth: tf.Tensor2D, signal: AbortSignal) {
  const measurements = gaussianMeasurements([50, 50], 1500, { seed: 1 });
  const values = measurements.apply(truth);
  const robust = await subgm(measurements, values, { searchRank: 50, alpha: 1e-6, signal });
  const { f, g, report } = await factorize(measurements, values, { columns: 10, seed: 1, onProgress: ({ done }) => console.log(done) });
  measurements.dispose();
  return { estimate: tf.matMul(f, g, false, true), robust, report };
}

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
export async function whatWentWrong() {
  try {
    await initialize(base, pissa({ targetLayers: ["atention"] }));
  } catch (error) {
    if (WarmstartError.isInstance(error, "NO_MATCH")) console.log(error.message, error.details); // the model is unchanged
    else throw error;
  }
}
