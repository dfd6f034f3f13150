// All set-up that the README's two commands need, on Node and npm alone: install with the pinned pnpm, build what changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
const quiet = process.argv.includes("--quiet");
const say = (line) => quiet || console.log(`warmstart: ${line}`);

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19) || major > 22) {
  console.error(`warmstart: Node ${process.versions.node} found; tfjs 4.22 and this workspace need Node 20.19 up to 22. Install Node 20 and run the command again.`);
  process.exit(1);
}

const { packageManager } = JSON.parse(readFileSync("package.json", "utf8"));

function run(command, args, what) {
  const result = spawnSync(command, args, { stdio: quiet ? ["ignore", "ignore", "inherit"] : "inherit", shell: process.platform === "win32" });
  if (result.status !== 0) {
    console.error(`warmstart: ${what} failed (${command} ${args.join(" ")})`);
    process.exit(result.status ?? 1);
  }
}

const manifests = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...["packages", "."].flatMap((folder) => readdirSync(folder, { withFileTypes: true }).filter((e) => e.isDirectory() && e.name !== "node_modules" && existsSync(`${folder}/${e.name}/package.json`)).map((e) => `${folder}/${e.name}/package.json`))];
const hash = createHash("sha256");
for (const file of manifests) hash.update(file).update(readFileSync(file));
const digest = hash.digest("hex");
const stamp = "node_modules/.warmstart-installed";

if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) say("dependencies are installed");
else {
  say(`installing dependencies with ${packageManager} (through npx, frozen lockfile)`);
  run("npx", ["--yes", packageManager, "install", "--frozen-lockfile", "--prefer-offline"], "installing dependencies");
  mkdirSync("node_modules", { recursive: true });
  writeFileSync(stamp, digest);
}

say("building packages (turbo skips what has not changed)");
// Through pnpm, since turbo looks for pnpm on the path, where a machine with Node and npm alone has none.
run("npx", ["--yes", packageManager, "exec", "turbo", "run", "build", "--output-logs=errors-only"], "building");
