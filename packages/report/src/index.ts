export { ReportError, type ReportErrorCode } from "./errors.js";
export { reportPage, type ReportPageOptions } from "./report-page.js";
