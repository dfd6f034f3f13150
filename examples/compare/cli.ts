// pnpm compare gnn|optimizers|pruning|ssm-starts […options]
// Runs what the committed results lack (it can be stopped at any time and goes on there), then prints and writes tables and page.
import { runProgram, UsageError } from "./options.js";

const comparisons: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  gnn: async (args) => (await import("./gnn/command.js")).compareGnn(args),
  optimizers: async (args) => (await import("./optimizers/command.js")).compareOptimizers(args),
  pruning: async (args) => (await import("./pruning/command.js")).comparePruning(args),
  "ssm-starts": async (args) => (await import("./ssm-starts/command.js")).compareSsmStarts(args),
};

const [name = "", ...args] = process.argv.slice(2);
await runProgram(async () => {
  if (!Object.hasOwn(comparisons, name)) throw new UsageError(`compare: say first what to compare: ${Object.keys(comparisons).join(", ")}; got "${name}"`);
  await comparisons[name]!(args);
});
