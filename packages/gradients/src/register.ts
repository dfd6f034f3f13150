// The one file with a side effect: `import "@warmstart/gradients/register"`, after @tensorflow/tfjs.
import { registerCpuKernels } from "./cpu-kernels.js";
import { registerGradients } from "./register-gradients.js";

registerGradients();
registerCpuKernels();
