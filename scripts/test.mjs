// All tests and the conformance cases, on every backend that is here. Arguments go to vitest: `npm test -- --project linalg:wasm`.
// The last line is "N passed, N failed". vitest.config.ts prints the name of each backend that is not here.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const required = (process.env.WARMSTART_REQUIRE ?? "").split(",");

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].some((path) => existsSync(path));
if (!chromium && required.includes("chromium")) {
  console.error('test: WARMSTART_REQUIRE names "chromium", which is not on this machine');
  console.log("0 passed, 1 failed");
  process.exit(1);
}
if (!chromium) console.log("browser chromium: absent, no browser tests (on Debian `apt-get install chromium` brings it)");

const folder = mkdtempSync(join(tmpdir(), "warmstart-test-"));
const results = join(folder, "results.json");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const run = spawnSync(process.execPath, [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${results}`, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });

/** Tests by their state; a file that could not even be loaded counts as one failure. */
function counts() {
  if (!existsSync(results)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(results, "utf8"));
  const broken = testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0).length;
  return { passed: numPassedTests, failed: numFailedTests + broken };
}

const { passed, failed } = counts();
rmSync(folder, { recursive: true, force: true });
const ok = run.status === 0 && failed === 0;
console.log(`${passed} passed, ${ok ? 0 : Math.max(1, failed)} failed`);
process.exit(ok ? 0 : (run.status || 1));
