export { requireBackend, backendAvailable, requiredBackends, type TestBackend } from "./backends.js";
export { findChromium, launchChromium, whenChromium } from "./chromium.js";
export { expectClose } from "./close.js";
export { tensorCount, expectTensorGrowth } from "./memory.js";
