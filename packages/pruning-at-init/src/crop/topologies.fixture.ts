// One small model for each way in which channels hang together.
import * as tf from "@tensorflow/tfjs";

type S = tf.SymbolicTensor;
type Kind = (name: string, width: number, more?: object) => tf.layers.Layer;

const conv: Kind = (name, filters, more = {}) => tf.layers.conv2d({ name, filters, kernelSize: 3, padding: "same", ...more });
const dense: Kind = (name, units, more = {}) => tf.layers.dense({ name, units, ...more });
const depthwise = (name: string, depthMultiplier = 1) => tf.layers.depthwiseConv2d({ name, kernelSize: 3, padding: "same", depthMultiplier });
const bn = (name: string, more: object = {}) => tf.layers.batchNormalization({ name, ...more });
const relu = () => tf.layers.reLU();
const gap = () => tf.layers.globalAveragePooling2d({});
const on = (x: S | S[], ...layers: tf.layers.Layer[]): S => layers.reduce<S | S[]>((value, layer) => layer.apply(value) as S, x) as S;
const head = (x: S, classes = 3) => on(x, gap(), dense("head", classes));
const image = (channels = 3) => tf.input({ shape: [6, 6, channels] });
const model = (inputs: S | S[], outputs: S | S[]) => tf.model({ inputs, outputs });

export interface Topology {
  readonly name: string;
  readonly build: () => tf.LayersModel;
  /** Free groups, id → width. */
  readonly groups: Readonly<Record<string, number>>;
  /** Whether a channel of zeros stays one up to the output, and nothing else sees that it is there. */
  readonly zerosStay?: false;
}

export const topologies: readonly Topology[] = [
  { name: "a chain with batch norm and flattened positions", build: () => { const x = image(); return model(x, on(x, conv("a", 8), bn("n"), relu(), tf.layers.maxPooling2d({ poolSize: 2 }), conv("b", 6), relu(), tf.layers.flatten(), dense("c", 10, { activation: "relu" }), dense("head", 3))); }, groups: { a: 8, b: 6, c: 10 } },
  { name: "a Sequential", build: () => tf.sequential({ layers: [conv("a", 8, { inputShape: [6, 6, 3], activation: "relu" }), gap(), dense("head", 3)] }), groups: { a: 8 } },
  { name: "residual sums: one group for the whole stage", build: () => { const x = image(); const stem = on(x, conv("stem", 8), bn("n0"), relu()); const one = on([on(stem, conv("a", 8), relu(), conv("b", 8)), stem], tf.layers.add(), relu()); const two = on([on(one, conv("c", 8), relu(), conv("d", 8)), one], tf.layers.add()); return model(x, head(two)); }, groups: { "stem,b,d": 8, a: 8, c: 8 } },
  { name: "average, maximum and minimum of branches", build: () => { const x = image(); const [a, b] = [on(x, conv("a", 8)), on(x, conv("b", 8))]; return model(x, head(on([on([a, b], tf.layers.average()), on([a, b], tf.layers.maximum()), on([a, b], tf.layers.minimum())], tf.layers.add()))); }, groups: { "a,b": 8 } },
  { name: "a concatenation: every segment for itself", build: () => { const x = image(); const stem = on(x, conv("stem", 6), relu()); const grown = on([stem, on(stem, conv("a", 4), relu()), on(stem, conv("b", 5), relu())], tf.layers.concatenate()); return model(x, head(on(grown, bn("n"), relu(), conv("c", 8), relu()))); }, groups: { stem: 6, a: 4, b: 5, c: 8 } },
  { name: "a flattened concatenation", build: () => { const x = image(); const joined = on([on(x, conv("a", 4), relu()), on(x, conv("b", 5), relu())], tf.layers.concatenate()); return model(x, on(joined, tf.layers.averagePooling2d({ poolSize: 3 }), tf.layers.flatten(), dense("head", 3))); }, groups: { a: 4, b: 5 } },
  { name: "a concatenation of flattened tensors", build: () => { const x = image(); const flat = (name: string, width: number) => on(x, conv(name, width), relu(), tf.layers.averagePooling2d({ poolSize: 3 }), tf.layers.flatten()); return model(x, on([flat("a", 4), flat("b", 5)], tf.layers.concatenate(), dense("head", 3))); }, groups: { a: 4, b: 5 } },
  { name: "a concatenation of positions", build: () => { const x = image(); const joined = on([on(x, conv("a", 4), relu()), on(x, conv("b", 4), relu())], tf.layers.concatenate({ axis: 1 })); return model(x, head(joined)); }, groups: { "a,b": 4 } },
  { name: "a sum of a concatenation and a convolution, which is cut where the segments meet", build: () => { const x = image(); const joined = on([on(x, conv("a", 4)), on(x, conv("b", 6))], tf.layers.concatenate()); return model(x, head(on([joined, on(joined, relu(), conv("c", 10))], tf.layers.add()))); }, groups: { "a,c": 4, "b,c": 6 } },
  { name: "depthwise convolutions, with several outputs a channel", build: () => { const x = image(); return model(x, head(on(x, conv("a", 6), relu(), depthwise("d", 2), bn("n"), relu(), conv("b", 8, { kernelSize: 1 }), depthwise("e"), relu()))); }, groups: { "a,d": 6, "b,e": 8 } },
  { name: "a separable convolution", build: () => { const x = image(); return model(x, head(on(x, conv("a", 6), relu(), tf.layers.separableConv2d({ name: "s", filters: 7, kernelSize: 3, depthMultiplier: 2 }), relu()))); }, groups: { a: 6, s: 7 } },
  { name: "transposed convolutions", build: () => { const x = image(); return model(x, on(x, conv("a", 6, { strides: 2 }), relu(), tf.layers.conv2dTranspose({ name: "up", filters: 5, kernelSize: 2, strides: 2 }), relu(), conv("out", 2))); }, groups: { a: 6, up: 5 } },
  { name: "one dimension", build: () => { const x = tf.input({ shape: [12, 2] }); return model(x, on(x, tf.layers.conv1d({ name: "a", filters: 6, kernelSize: 3, padding: "same" }), relu(), tf.layers.maxPooling1d({ poolSize: 2 }), tf.layers.conv1d({ name: "b", filters: 4, kernelSize: 2 }), relu(), tf.layers.globalMaxPooling1d(), dense("head", 3))); }, groups: { a: 6, b: 4 } },
  { name: "three dimensions", build: () => { const x = tf.input({ shape: [4, 4, 4, 1] }); return model(x, on(x, tf.layers.conv3d({ name: "a", filters: 6, kernelSize: 2 }), relu(), tf.layers.flatten(), dense("head", 3))); }, groups: { a: 6 } },
  { name: "dense layers on a sequence", build: () => { const x = tf.input({ shape: [5, 4] }); return model(x, on(x, dense("a", 8, { activation: "relu" }), tf.layers.dropout({ rate: 0.1 }), dense("b", 6, { activation: "relu" }), tf.layers.flatten(), dense("head", 3))); }, groups: { a: 8, b: 6 } },
  { name: "squeeze and excite", build: () => { const x = image(); const a = on(x, conv("a", 8), relu()); const gate = on(a, gap(), tf.layers.reshape({ targetShape: [1, 1, 8], name: "spread" }), conv("down", 4, { kernelSize: 1, activation: "relu" }), conv("up", 8, { kernelSize: 1, activation: "sigmoid" })); return model(x, head(on([a, gate], tf.layers.multiply(), conv("b", 5)))); }, groups: { "a,up": 8, down: 4, b: 5 } },
  { name: "squeeze and excite by dense layers", build: () => { const x = tf.input({ shape: [9, 3] }); const a = on(x, tf.layers.conv1d({ name: "a", filters: 8, kernelSize: 3, activation: "relu" })); const gate = on(a, tf.layers.globalAveragePooling1d({}), dense("down", 4, { activation: "relu" }), dense("up", 8, { activation: "sigmoid" }), tf.layers.repeatVector({ n: 7 })); return model(x, on([a, gate], tf.layers.multiply(), tf.layers.flatten(), dense("head", 3))); }, groups: { "a,up": 8, down: 4 } },
  { name: "a map of one channel that is spread over all", build: () => { const x = image(); const a = on(x, conv("a", 8), relu()); return model(x, head(on([a, on(a, conv("where", 1, { activation: "sigmoid" }))], tf.layers.multiply()))); }, groups: { a: 8 } },
  { name: "a shared layer: one group on both sides", build: () => { const x = image(); const shared = conv("shared", 6, { activation: "relu" }); return model(x, head(on(x, conv("a", 6, { activation: "relu" }), shared, shared))); }, groups: { "a,shared": 6 } },
  { name: "a nested model that is fed by cropped channels", build: () => { const y = tf.input({ shape: [6, 6, 7], name: "inside" }); const inner = tf.model({ inputs: y, outputs: on(y, conv("b", 5), relu()), name: "inner" }); const x = image(); return model(x, head(on(x, conv("a", 7), relu(), inner))); }, groups: { a: 7, "inner/b": 5 } },
  { name: "a nested Sequential", build: () => { const inner = tf.sequential({ name: "inner", layers: [conv("b", 5, { inputShape: [6, 6, 7], activation: "relu" }), conv("c", 4)] }); const x = image(); return model(x, head(on(x, conv("a", 7), relu(), inner))); }, groups: { a: 7, "inner/b": 5, "inner/c": 4 } },
  { name: "a nested model that is used twice", build: () => { const inner = tf.sequential({ name: "inner", layers: [conv("b", 6, { inputShape: [6, 6, 6], activation: "relu" })] }); const x = image(); return model(x, head(on(on(x, conv("a", 6)), inner, inner))); }, groups: { "a,inner/b": 6 } },
  { name: "slopes and layer norm", zerosStay: false, build: () => { const x = image(); return model(x, head(on(x, conv("a", 6), tf.layers.prelu({ name: "p", sharedAxes: [1, 2] }), conv("b", 5), tf.layers.layerNormalization({ name: "n" }), tf.layers.prelu({ name: "q" })))); }, groups: { a: 6, b: 5 } },
  { name: "batch norm without scale and shift", build: () => { const x = image(); return model(x, head(on(x, conv("a", 6), bn("n", { scale: false, center: false }), relu(), conv("b", 5), relu()))); }, groups: { a: 6, b: 5 }, zerosStay: false },
  { name: "several inputs and outputs", build: () => { const [x, y] = [image(), tf.input({ shape: [4] })]; const a = on(x, conv("a", 6), relu(), gap()); const b = on(y, dense("b", 6, { activation: "relu" })); const joined = on([a, b], tf.layers.add()); return model([x, y], [on(joined, dense("first", 3)), on(joined, dense("c", 5, { activation: "relu" }), dense("second", 2))]); }, groups: { "a,b": 6, c: 5 } },
  { name: "frozen layers among others", build: () => { const x = image(); const frozen = conv("a", 6, { activation: "relu" }); frozen.trainable = false; return model(x, head(on(x, frozen, conv("b", 5)))); }, groups: { a: 6, b: 5 } },
  { name: "a depthwise convolution with a regularizer", build: () => { const x = image(); return model(x, head(on(x, conv("a", 6), tf.layers.depthwiseConv2d({ name: "d", kernelSize: 3, depthwiseRegularizer: tf.regularizers.l2({ l2: 0.1 }) as never })))); }, groups: { "a,d": 6 } },
  { name: "a recurrent layer, whose sides stay", build: () => { const x = tf.input({ shape: [6, 4] }); return model(x, on(x, dense("a", 12, { activation: "relu" }), dense("b", 5), tf.layers.lstm({ name: "lstm", units: 4 }), dense("c", 7, { activation: "relu" }), dense("head", 3))); }, groups: { a: 12, c: 7 } },
];
