// Gives this machine the native backend, `@tensorflow/tfjs-node`, without the download of its own install script:
// the C library comes from TensorFlow's Python wheel (pip), the add-on is compiled against npm's node-api-headers (g++).
// The libraries go to a cache folder, so that another clone only links them and compiles the add-on.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const wheel = { name: "tensorflow-cpu", version: "2.15.1", python: "3.11", platform: "manylinux2014_x86_64" };
const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const say = (line) => console.log(`native: ${line}`);

function fail(line) {
  console.error(`native: ${line}`);
  process.exit(1);
}

function run(command, args, what, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
  if (result.error) fail(`${what} failed: ${result.error.message}`);
  if (result.status !== 0) fail(`${what} failed (${[command, ...args].join(" ").slice(0, 200)}, exit ${result.status ?? result.signal})`);
  return result;
}

const works = (command, args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

function packageFolder(name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return fail(`the package ${name} is not installed; run \`npm test\` once, or \`npx pnpm@10.34.9 install\`, and then this command again`);
  }
}

/** The folder with TensorFlow's two libraries and its headers: from the cache, else from the wheel. */
function libraries() {
  const base = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "warmstart", "native");
  const folder = join(base, `${wheel.name}-${wheel.version}`);
  if (existsSync(folder)) {
    say(`TensorFlow ${wheel.version} is in the cache (${folder})`);
    return folder;
  }
  const python = ["python3", "python"].find((name) => works(name, ["-m", "pip", "--version"]));
  if (!python) fail("pip is absent (`python3 -m pip` does not run); install Python 3 with pip, on Debian `apt-get install python3-pip`");
  mkdirSync(base, { recursive: true });
  const work = mkdtempSync(join(base, "unpacking-"));
  try {
    say(`downloading ${wheel.name} ${wheel.version} with pip (200 MB)`);
    run(python, ["-m", "pip", "download", `${wheel.name}==${wheel.version}`, "--no-deps", "--only-binary=:all:", "--python-version", wheel.python, "--platform", wheel.platform, "--disable-pip-version-check", "-d", work], "downloading");
    say("unpacking the C library and its headers (about 650 MB)");
    const unzip = [
      "import sys, zipfile",
      "z = zipfile.ZipFile(sys.argv[1])",
      "keep = ('tensorflow/include/', 'tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')",
      "z.extractall(sys.argv[2], [n for n in z.namelist() if n.startswith(keep)])",
    ].join("\n");
    run(python, ["-c", unzip, join(work, readdirSync(work).find((name) => name.endsWith(".whl"))), work], "unpacking");
    // Renaming last: a folder that exists is complete. Another process may have been faster.
    if (!existsSync(folder)) renameSync(join(work, "tensorflow"), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function link(target, path) {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** Links the libraries below the package and compiles its add-on; the add-on appears last, and whole. */
function install(tfjsNode, addon) {
  const compiler = [process.env.CXX, "g++", "c++"].find((name) => name && works(name, ["--version"]));
  if (!compiler) fail("g++ is absent; install a C++ compiler, on Debian `apt-get install g++`");
  const headers = join(packageFolder("node-api-headers"), "include");
  const source = libraries();
  const lib = join(tfjsNode, "deps", "lib");
  mkdirSync(lib, { recursive: true });
  mkdirSync(dirname(addon), { recursive: true });
  for (const [name, short] of [["libtensorflow_cc.so.2", "libtensorflow.so"], ["libtensorflow_framework.so.2", "libtensorflow_framework.so"]]) {
    link(join(source, name), join(lib, name));
    link(name, join(lib, short));
  }
  say(`compiling the add-on with ${compiler}`);
  const partial = `${addon}.${process.pid}`;
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(tfjsNode, "binding", name));
  run(compiler, ["-std=c++17", "-O2", "-w", "-fPIC", "-shared", "-DNAPI_VERSION=8", `-I${headers}`, `-I${join(source, "include")}`, `-I${tfjsNode}`, ...sources, `-L${lib}`, "-ltensorflow", "-ltensorflow_framework", "-Wl,-rpath,$ORIGIN/../../deps/lib", "-o", partial], "compiling the add-on");
  renameSync(partial, addon);
}

/** In a process of its own: a product and the gradient of a convolution, on a backend that is really `tensorflow`. */
const check = `
  const tf = require("@tensorflow/tfjs-node");
  (async () => {
    if ((await tf.setBackend("tensorflow")) !== true || tf.getBackend() !== "tensorflow") throw new Error("tfjs went on with " + tf.getBackend());
    const product = await tf.matMul(tf.ones([3, 4]), tf.fill([4, 5], 2)).data();
    if (product.length !== 15 || !product.every((x) => x === 8)) throw new Error("matMul is wrong: " + product);
    const slope = await tf.grad((w) => tf.sum(tf.conv2d(tf.ones([2, 6, 6, 3]), w, 1, "valid")))(tf.ones([3, 3, 3, 4])).data();
    if (slope.length !== 108 || !slope.every((x) => x === 32)) throw new Error("the gradient of conv2d is wrong: " + slope);
    console.log(tf.backend().binding.TF_Version);
  })().catch((error) => { console.error(error.message); process.exit(1); });
`;

function verify() {
  const result = spawnSync(process.execPath, ["-e", check], { cwd: root, encoding: "utf8", env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" } });
  return { ok: result.status === 0, output: `${result.stdout}\n${result.stderr}`.trim(), version: result.stdout.trim().split("\n").at(-1) };
}

const tfjsNode = packageFolder("@tensorflow/tfjs-node");
const addon = join(tfjsNode, "lib", "napi-v8", "tfjs_binding.node");

if (existsSync(addon) && verify().ok) {
  say("the backend is there and works");
  process.exit(0);
}
if (process.platform !== "linux" || process.arch !== "x64") {
  fail(`this recipe is for Linux on x64, not ${process.platform} on ${process.arch}; here \`npm rebuild @tensorflow/tfjs-node\` runs that package's own install script`);
}
if (existsSync(addon)) say("an add-on is there but does not work; building it again");
install(tfjsNode, addon);
say("checking a product and the gradient of a convolution");
const { ok, output, version } = verify();
if (!ok) {
  rmSync(addon, { force: true }); // tests take its presence for the backend's
  fail(`the backend was built but does not work:\n${output}`);
}
say(`ready: @tensorflow/tfjs-node on TensorFlow ${version}`);
