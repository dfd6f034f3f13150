export { WarmstartError, type WarmstartErrorCode } from "./errors.js";
