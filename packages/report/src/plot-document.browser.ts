// In browsers there always is a document; this file takes the other's place there, so that no bundler meets linkedom.
import { ReportError } from "./errors.js";

export async function plotDocument(): Promise<Document> {
  if (typeof document === "undefined") throw new ReportError("INVALID_OPTION", "reportPage: this build needs a document. In a worker, send the report's data to the page and call reportPage there.");
  return document;
}
