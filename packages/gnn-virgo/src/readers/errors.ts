import { WarmstartError } from "@warmstart/init-core";

/** Data that are not as the format wants them. */
export const malformed = (reader: string, message: string, details: Record<string, unknown> = {}) => new WarmstartError("INVALID_OPTION", `${reader}: ${message}`, details);

/** Data that are not there, or not all of them. */
export const incomplete = (reader: string, message: string, details: Record<string, unknown> = {}) => new WarmstartError("INSUFFICIENT_DATA", `${reader}: ${message}`, details);

/** NaN or infinity among the data. */
export const notFinite = (reader: string, message: string, details: Record<string, unknown> = {}) => new WarmstartError("NOT_FINITE", `${reader}: ${message}`, details);
