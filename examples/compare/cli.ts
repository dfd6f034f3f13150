// pnpm compare optimizers|pruning|ssm-starts […options]
// Runs what the committed results lack (it can be stopped at any time and goes on there), then prints and writes tables and page.
import { UsageError } from "./options.js";

const comparisons: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  optimizers: async (args) => (await import("./optimizers/command.js")).compareOptimizers(args),
  pruning: async (args) => (await import("./pruning/command.js")).comparePruning(args),
  "ssm-starts": async (args) => (await import("./ssm-starts/command.js")).compareSsmStarts(args),
};

const [name = "", ...args] = process.argv.slice(2);
try {
  if (!Object.hasOwn(comparisons, name)) throw new UsageError(`compare: say first what to compare: ${Object.keys(comparisons).join(", ")}; got "${name}"`);
  await comparisons[name]!(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
