import { requireKernels, type Parameter } from "@warmstart/init-core";

/** Throws BACKEND, with the cure, where the backend lacks what the gradients of these kernels need (WebAssembly without its training kernels). */
export function requireKernelGradients(parameters: readonly Parameter[], caller: string): void {
  const needed = new Set<string>();
  for (const { role, shape } of parameters) {
    if (role === "depthwise-kernel") needed.add("DepthwiseConv2dNativeBackpropFilter");
    else if (role === "embedding") needed.add("UnsortedSegmentSum");
    else if (shape.length === 3 || shape.length === 4) needed.add("Conv2DBackpropFilter"); // one dimension runs as two
    else if (shape.length === 5) needed.add("Conv3DBackpropFilterV2");
  }
  requireKernels([...needed], `${caller}: the gradient of a kernel`);
}
