// The time in each kernel of a backend, without that of the kernels it calls.
import * as tf from "@tensorflow/tfjs";

export interface KernelTime {
  readonly name: string;
  /** A step. */
  readonly ms: number;
  readonly calls: number;
}

/**
 * Puts a clock around every kernel of `backend`. `kernels(steps)` divides by the number of steps since, most time first;
 * `unwrap` puts the kernels back, the very same objects.
 */
export function wrapKernels(backend: string): { kernels: (steps: number) => KernelTime[]; unwrap: () => void } {
  const originals = tf.getKernelsForBackend(backend);
  const times = new Map<string, { ms: number; calls: number }>();
  const inner: number[] = []; // of each kernel that is running: the time in kernels that it called
  const replace = (config: tf.KernelConfig) => {
    tf.unregisterKernel(config.kernelName, backend);
    tf.registerKernel(config);
  };
  for (const config of originals) {
    const time = { ms: 0, calls: 0 };
    times.set(config.kernelName, time);
    const kernelFunc: tf.KernelFunc = (call) => {
      inner.push(0);
      const start = performance.now();
      try {
        return config.kernelFunc(call);
      } finally {
        const elapsed = performance.now() - start;
        time.ms += elapsed - inner.pop()!;
        time.calls++;
        if (inner.length > 0) inner[inner.length - 1]! += elapsed;
      }
    };
    replace({ ...config, kernelFunc });
  }
  return {
    kernels: (steps) => [...times].filter(([, { calls }]) => calls > 0).map(([name, { ms, calls }]) => ({ name, ms: ms / steps, calls: Math.round(calls / steps) })).toSorted((a, b) => b.ms - a.ms),
    unwrap: () => originals.forEach(replace),
  };
}
