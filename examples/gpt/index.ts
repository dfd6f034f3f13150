export { loadGpt } from "./checkpoint.js";
export { mobyDick, type Batch, type WindowOptions } from "./data.js";
export { meanLoss } from "./evaluate.js";
export { nextTokenLoss } from "./loss.js";
export { loadTokenizer } from "./tokenizer.js";
