// All cases that this clone carries, on the backend of the vitest project.
import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth, type TestBackend } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { defaultCases, findCases } from "./cases.js";
import { perturbations } from "./perturb.fixture.js";
import { judge, runCase } from "./run-case.js";
import { runners } from "./runners.js";
import { smallEnough } from "./size.js";
import type { Value } from "./values.js";

const cases = findCases([defaultCases]);
const backend = (process.env.WARMSTART_BACKEND ?? "wasm") as TestBackend;
const run = cases.filter((reference) => smallEnough(reference, backend));
if (run.length < cases.length) console.log(`not run, too large for ${backend} here: ${cases.filter((reference) => !run.includes(reference)).map(({ name }) => name).join(", ")}`);

describe.each(run.map((reference) => [reference.operation, reference.name, reference] as const))("%s %s", (operation, _name, reference) => {
  let actual: Readonly<Record<string, Value>> | undefined;

  it("gives the expected numbers, and leaves no tensor behind", async () => {
    actual = await expectTensorGrowth(0, () => runners[operation]!(reference));
    const outcome = judge(reference, actual);
    expect(outcome.passed, outcome.message).toBe(true);
  });

  it("fails when any expected value is another, or any returned name is missing", () => {
    expect(actual, "what the runner returned").toBeDefined();
    for (const [name, value] of Object.entries(reference.expected)) {
      for (const { where, changed } of perturbations(reference.compare[name]!, value, actual![name]!, reference.tolerance.byName?.[name] ?? reference.tolerance)) {
        const outcome = judge({ ...reference, expected: { ...reference.expected, [name]: changed } }, actual!);
        expect(outcome.passed, `"${name}" with ${where} changed`).toBe(false);
      }
      const { [name]: _left, ...rest } = actual!;
      expect(judge(reference, rest).passed, `without "${name}"`).toBe(false);
    }
  });
});

describe("runners", () => {
  it("are there for every case, and have a case each", () => {
    expect(Object.keys(runners).toSorted()).toEqual([...new Set(cases.map(({ operation }) => operation))].toSorted());
  });

  it("run on the backend of this project", () => {
    expect(tf.getBackend()).toBe(backend);
    expect(run.length).toBeGreaterThan(cases.length / 2);
  });

  it("that throw, or that nobody wrote, are failures", async () => {
    const thrown = await runCase(cases[0]!, () => Promise.reject(new Error("out of luck")));
    expect(thrown).toMatchObject({ passed: false, message: "threw: out of luck" });
    expect(await runCase(cases[0]!, undefined)).toMatchObject({ passed: false, message: "no runner" });
  });
});
