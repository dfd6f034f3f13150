// The kernels against those of the cpu and the native backend, over shapes; each by itself against its definition stands beside its source.
import "@tensorflow/tfjs";
import { backendAvailable, requiredBackends } from "@warmstart/test-kit";
import { afterEach, describe, expect, it, vi } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { compare, recordServed, type Group } from "./comparison.fixture.js";
import { complexNumbers } from "./complex.fixture.js";
import { convolutions } from "./convolutions.fixture.js";
import { elementwise } from "./elementwise.fixture.js";
import { moving } from "./moving.fixture.js";
import { pooling } from "./pooling.fixture.js";
import { products } from "./products.fixture.js";
import { sums } from "./sums.fixture.js";

const groups: readonly Group[] = [...products, ...convolutions, ...pooling, ...sums, ...moving, ...elementwise, ...complexNumbers];

// TensorFlow turns oneDNN on by itself on newer processors; its convolutions give no images of a wrong size for no images, and take strides by axis.
process.env.TF_ENABLE_ONEDNN_OPTS = "0";
const native = await backendAvailable("tensorflow");
if (!native) {
  if (requiredBackends().includes("tensorflow")) throw new Error('WARMSTART_REQUIRE names "tensorflow", which is not on this machine: run `npm run native` first');
  console.log("backend tensorflow: absent, kernels are not compared with it");
}

afterEach(() => void vi.restoreAllMocks());

it("every kernel is in a group", () => {
  const covered = new Set(groups.flatMap(({ covers }) => covers));
  expect(registerTrainingKernels().registered.filter((name) => !covered.has(name))).toEqual([]);
});

describe.each(native ? (["cpu", "tensorflow"] as const) : (["cpu"] as const))("the kernels and those of the backend %s", (other) => {
  const reasonOf = ({ lacking }: Group) => (lacking as Record<string, string> | undefined)?.[other];

  it.each(groups.filter((group) => reasonOf(group) === undefined))("agree: $title", async (group) => {
    registerTrainingKernels();
    const served = recordServed();
    await compare(group, other);
    expect(group.covers.filter((name) => !served.has(name)), "kernels that have passed everything on").toEqual([]);
  });

  const lacking = groups.flatMap((group) => (reasonOf(group) === undefined ? [] : [{ group, title: group.title, reason: reasonOf(group) }]));
  if (lacking.length === 0) return;
  it.each(lacking)("cannot agree: $title, since $reason", async ({ group }) => {
    registerTrainingKernels();
    await expect(compare(group, other, true)).rejects.toThrow();
  });
});
