// Runs before every test file: puts the process on the backend of its vitest project and checks that it is really there.
import { beforeAll } from "vitest";
import { requireBackend, type TestBackend } from "./backends.js";

beforeAll(async () => {
  await requireBackend((process.env.WARMSTART_BACKEND ?? "wasm") as TestBackend);
});
