// Every initializer × every check, on the backend of the vitest project.
import "@tensorflow/tfjs";
import { describe, it } from "vitest";
import { checks } from "./checks.js";
import { rows } from "./rows.js";

describe.each(rows.map((row) => [row.name, row] as const))("%s", (_name, row) => {
  it.each(Object.entries(checks))("%s", (_title, check) => check(row));
});
