// Does each package work as a user gets it? Packs every package, installs the tarball alone with its peers into an empty
// project, runs the first example of its README in ESM and in CJS and type-checks it, and runs in ESM those after it that
// are whole programs. What else they import, data say, comes in the version that the package is tested with. wasm-training is
// also tried without @tensorflow/tfjs. One line a check, last line "N passed, N failed".
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const { packageManager, devDependencies: versions } = read(join(root, "package.json"));
const work = mkdtempSync(join(tmpdir(), "warmstart-packed-"));
const folders = readdirSync(join(root, "packages"));
const manifests = Object.fromEntries(folders.map((folder) => [`@warmstart/${folder}`, { folder, ...read(join(root, "packages", folder, "package.json")) }]));

let passed = 0;
let failed = 0;

async function check(label, action) {
  const begin = performance.now();
  try {
    await action();
    passed++;
    console.log(`ok    ${label}  (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    failed++;
    console.log(`FAIL  ${label}\n${String(error.stdout ?? "")}${String(error.stderr ?? error)}`.trimEnd());
    return false;
  }
}

/** The package and every @warmstart package that it depends on or has as a peer, those that a user must install too. */
function closure(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifests[name];
  const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
  for (const dependency of [...Object.keys(dependencies), ...peers]) if (dependency in manifests) closure(dependency, found);
  return found;
}

/** The first ```js or ```ts block, and those ```js blocks after it that are whole programs. */
function examples(folder) {
  const [first, ...others] = readFileSync(join(root, "packages", folder, "README.md"), "utf8").matchAll(/```(js|ts)\n([\s\S]*?)```/g);
  if (first === undefined) throw new Error(`packages/${folder}/README.md has no js example`);
  return [first[2], ...others.flatMap(([, language, code]) => (language === "js" && code.includes('from "@tensorflow/tfjs"') ? [code] : []))];
}

/** Versions of the packages that examples import and neither the package nor tfjs brings: those of its development. */
function importedBy(name, codes) {
  const { devDependencies = {} } = manifests[name];
  const imported = codes.flatMap((code) => [...code.matchAll(/\bfrom "((?:@[^/"]+\/)?[^/"]+)/g)].map(([, each]) => each));
  return Object.fromEntries(imported.filter((each) => each in devDependencies && !(each in manifests) && !each.startsWith("@tensorflow/")).map((each) => [each, devDependencies[each]]));
}

/** The same program in CommonJS: imports become require, the rest runs in an async function. */
function commonJs(code) {
  const imports = [];
  const body = code.replace(/^import\s+(?:(?:\*\s+as\s+(\w+)|(\{[^}]*\})|(\w+))\s+from\s+)?"([^"]+)";?$/gm, (_, all, names, single, from) => {
    const target = all ?? names?.replace(/\s+as\s+/g, ": ") ?? (single && `{ default: ${single} }`);
    imports.push(target === undefined ? `require("${from}");` : `const ${target} = require("${from}");`);
    return "";
  });
  return `${imports.join("\n")}\n(async () => {\n${body}\n})().catch((error) => { console.error(error); process.exitCode = 1; });\n`;
}

const tarballs = {};

async function pack(name) {
  const { folder } = manifests[name];
  const { stdout } = await run("npx", ["--yes", packageManager, "pack", "--json", "--pack-destination", work], { cwd: join(root, "packages", folder) });
  const result = JSON.parse(stdout.slice(stdout.indexOf("{")));
  tarballs[name] = result.filename.startsWith("/") ? result.filename : join(work, result.filename);
}

async function verify(name) {
  const { folder } = manifests[name];
  const project = join(work, folder);
  mkdirSync(project);
  const own = Object.fromEntries([...closure(name)].map((each) => [each, `file:${tarballs[each]}`]));
  const tfjs = Object.fromEntries(["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"].map((each) => [each, versions[each]]));
  const [code, ...others] = examples(folder);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: `packed-${folder}`, private: true, dependencies: { ...own, ...tfjs, ...importedBy(name, [code, ...others]) }, devDependencies: { "@types/node": versions["@types/node"] } }));
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: { target: "ES2022", lib: ["ES2023", "DOM"], module: "NodeNext", strict: true, noEmit: true, skipLibCheck: true, types: ["node"] }, files: ["example.mts"] }));
  const installed = await check(`${name}: installs alone with its peers`, () => run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], { cwd: project }));
  if (!installed) return;
  writeFileSync(join(project, "example.mjs"), code);
  writeFileSync(join(project, "example.cjs"), commonJs(code));
  writeFileSync(join(project, "example.mts"), code);
  const prints = async (file) => {
    const { stdout } = await run(process.execPath, [file], { cwd: project });
    if (stdout.trim() === "") throw new Error("it printed nothing");
  };
  await check(`${name}: README example in ESM`, () => prints("example.mjs"));
  for (const [i, other] of others.entries()) {
    writeFileSync(join(project, `example-${i + 2}.mjs`), other);
    await check(`${name}: README example ${i + 2} in ESM`, () => prints(`example-${i + 2}.mjs`));
  }
  await check(`${name}: README example in CommonJS`, () => prints("example.cjs"));
  await check(`${name}: README example type-checks`, () => run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project]));
}

/** Convolution, depthwise convolution and embedding beside tfjs-core, tfjs-layers and backend-wasm alone, as the README of wasm-training promises. */
const coreOnly = `
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { registerTrainingKernels } from "@warmstart/wasm-training";
await tf.setBackend("wasm");
const { accelerated } = registerTrainingKernels();
if (!accelerated) throw new Error("the module does not run");
const input = { filters: 4, kernelSize: 3, padding: "same", activation: "relu", inputShape: [8, 8, 2] };
const models = {
  convolution: [layers.layers.conv2d(input)],
  depthwise: [layers.layers.conv2d(input), layers.layers.depthwiseConv2d({ kernelSize: 3, padding: "same" })],
  embedding: [layers.layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 5 })],
};
for (const [name, first] of Object.entries(models)) {
  const model = layers.sequential({ layers: [...first, layers.layers.flatten(), layers.layers.dense({ units: 1 })] });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  const x = name === "embedding" ? tf.tensor2d(Array.from({ length: 40 }, (_, i) => (i * 7) % 9), [8, 5], "int32") : tf.randomNormal([8, 8, 8, 2], 0, 1, "float32", 1);
  const { history } = await model.fit(x, tf.ones([8, 1]), { epochs: 60, verbose: 0 });
  const [begin, end] = [history.loss[0], history.loss.at(-1)];
  if (!(end < begin * 0.9)) throw new Error(name + " does not train: loss " + begin + " → " + end);
  console.log(name + ": loss " + begin.toFixed(3) + " → " + end.toFixed(3));
}
`;

/** wasm-training without the union package `@tensorflow/tfjs`, which would bring more than its peers. */
async function verifyCoreOnly() {
  const name = "@warmstart/wasm-training";
  const project = join(work, "wasm-training-core-only");
  mkdirSync(project);
  const tfjs = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-layers", "@tensorflow/tfjs-backend-wasm"].map((each) => [each, versions[each]]);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "packed-core-only", private: true, dependencies: { [name]: `file:${tarballs[name]}`, ...Object.fromEntries(tfjs) } }));
  writeFileSync(join(project, "train.mjs"), coreOnly);
  await check(`${name}: trains convolution, depthwise and embedding beside tfjs-core, tfjs-layers and backend-wasm alone`, async () => {
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], { cwd: project });
    if (existsSync(join(project, "node_modules/@tensorflow/tfjs"))) throw new Error("@tensorflow/tfjs was installed too");
    await run(process.execPath, ["train.mjs"], { cwd: project });
  });
}

try {
  for (const name of Object.keys(manifests)) await check(`${name}: packs`, () => pack(name));
  const waiting = Object.keys(manifests).filter((name) => [...closure(name)].every((each) => tarballs[each] !== undefined));
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await verify(name);
  };
  await Promise.all([worker(), worker()]);
  if (tarballs["@warmstart/wasm-training"] !== undefined) await verifyCoreOnly();
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
