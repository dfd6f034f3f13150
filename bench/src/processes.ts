// Runs a row of ours, or a peer, in a process of its own and reads its one line of JSON.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Program, Row, Variant } from "./definition.js";
import type { Measured, OwnResult } from "./result.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Exit code of a peer's script when Python has not the packages. */
const absent = 3;

export const runOwn = (row: Row, backend: string): Promise<OwnResult> => runRow(row.name, backend);

export const runVariant = (row: Row, { name, backend }: Variant): Promise<OwnResult> => runRow(row.name, backend, name);

async function runRow(...args: readonly string[]): Promise<OwnResult> {
  const { status, stdout, stderr } = await run(process.execPath, ["--import", "tsx", here("./row.ts"), ...args]);
  if (status !== 0) throw new Error(`${args.join(", ")} failed (exit ${status}):\n${stderr.trim()}`);
  return lastLine<OwnResult>(stdout);
}

/** undefined where Python or a package is absent. */
export async function runProgram({ name, script, args }: Program, repeats: number): Promise<Measured | undefined> {
  const python = process.env.WARMSTART_PYTHON || "python3";
  const { status, stdout, stderr } = await run(python, [here(`../peers/${script}`), "--threads", "2", "--repeats", String(repeats), ...args]);
  if (status === absent || status === "not started") return undefined;
  if (status !== 0) throw new Error(`peer ${name} failed (exit ${status}):\n${stderr.trim()}`);
  return lastLine<Measured>(stdout);
}

const lastLine = <T>(stdout: string): T => JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;

function run(command: string, args: readonly string[]): Promise<{ status: number | null | "not started"; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    let [stdout, stderr] = ["", ""];
    const child = spawn(command, args, { cwd: here(".."), stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" } });
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    child.on("error", () => resolve({ status: "not started", stdout, stderr }));
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}
