import * as tf from "@tensorflow/tfjs";
import { isGraphConvolution, setGraph, type Graph } from "@warmstart/gnn-virgo";
import { finite } from "./training.js";

/** Mean square of what each convolution hands on, behind its activation (`graphSignal` of the package shows it before); null where it is beyond float32. */
export async function signalOf(model: tf.Sequential, graph: Graph, x: tf.Tensor2D): Promise<(number | null)[]> {
  setGraph(model, graph);
  const squares = tf.tidy(() => {
    let h: tf.Tensor = x;
    return model.layers.flatMap((layer) => {
      h = layer.apply(h) as tf.Tensor;
      return isGraphConvolution(layer) ? [tf.mean(tf.square(h))] : [];
    });
  });
  const values = await Promise.all(squares.map((square) => square.data()));
  tf.dispose(squares);
  return values.map(([value]) => finite(value!));
}
