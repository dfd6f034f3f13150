// Runs the demo with the flags that npm passes on: npm run demo -- --short
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { status, signal } = spawnSync(process.execPath, ["--import", "tsx", "examples/demo/main.ts", ...process.argv.slice(2)], { stdio: "inherit" });
if (signal) process.kill(process.pid, signal);
process.exit(status ?? 1);
