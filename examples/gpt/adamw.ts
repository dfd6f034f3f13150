// Adam with decoupled weight decay (Loshchilov and Hutter 2019) and clipping by global norm around tfjs' own Adam.
import * as tf from "@tensorflow/tfjs";

export interface AdamWOptions {
  /** All variables that `apply` will see. Those of two dimensions decay; gains and biases do not. */
  readonly variables: readonly tf.Variable[];
  readonly weightDecay: number;
  /** Gradients longer than this, taken as one vector, are shortened to it. */
  readonly clipNorm: number;
}

/** β₁ 0.9, β₂ 0.99. The rate is given with every step, so that a schedule is a function of the caller's. */
export class AdamW {
  private readonly adam = tf.train.adam(0, 0.9, 0.99);
  private readonly decaying: readonly tf.Variable[];
  private readonly options: AdamWOptions;

  constructor(options: AdamWOptions) {
    this.options = options;
    this.decaying = options.variables.filter((variable) => variable.rank > 1);
  }

  /** One step with gradients by variable name, as `tf.variableGrads` gives them; they stay the caller's. */
  apply(gradients: tf.NamedTensorMap, rate: number): void {
    // A protected field without a setter, unlike SGD's.
    (this.adam as unknown as { learningRate: number }).learningRate = rate;
    tf.tidy(() => {
      const norm = tf.sqrt(Object.values(gradients).map((gradient): tf.Tensor => tf.sum(tf.square(gradient))).reduce((sum, square) => tf.add(sum, square)));
      const factor = tf.minimum(1, tf.div(this.options.clipNorm, tf.add(norm, 1e-6)));
      this.adam.applyGradients(Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)])));
      for (const variable of this.decaying) variable.assign(tf.mul(variable, 1 - rate * this.options.weightDecay));
    });
  }
}
