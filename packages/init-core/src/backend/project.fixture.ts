// An empty project on disk with this package as users get it: built, beside the packages named and no others.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const workspace = join(root, "../..");

export interface Project {
  readonly folder: string;
  write(path: string, text: string): void;
  /** A package made of one CommonJS file. */
  standIn(name: string, source: string): void;
  /** Runs a file of the project in a new Node process and gives what it printed, parsed. */
  run(file: string): unknown;
  remove(): void;
}

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves the files of `folder` on a free port of this machine. */
export async function serve(folder: string): Promise<{ url: string; server: Server }> {
  const server = createServer(({ url = "/" }, response) => {
    const file = join(folder, new URL(url, "http://localhost").pathname.replace(/\/$/, "/index.html"));
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("serve: no port");
  return { url: `http://127.0.0.1:${address.port}/`, server };
}

/** Builds the package once; each call of the result makes a project beside that build. */
export function buildPackage(): { project(installed: readonly string[]): Project; remove(): void } {
  const dist = mkdtempSync(join(tmpdir(), "warmstart-dist-"));
  execFileSync(process.execPath, [join(workspace, "node_modules/tsup/dist/cli-default.js"), "--no-dts", "--out-dir", dist, "--silent"], { cwd: root, stdio: "inherit" });
  return { project: (installed) => makeProject(dist, installed), remove: () => rmSync(dist, { recursive: true }) };
}

function makeProject(dist: string, installed: readonly string[]): Project {
  const folder = mkdtempSync(join(tmpdir(), "warmstart-project-"));
  const at = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    return join(folder, path);
  };
  const write = (path: string, text: string) => writeFileSync(at(path), text);
  write("package.json", JSON.stringify({ type: "module", private: true }));
  cpSync(join(root, "package.json"), at("node_modules/@warmstart/init-core/package.json"));
  cpSync(dist, at("node_modules/@warmstart/init-core/dist"), { recursive: true });
  for (const name of ["pure-rand", "@warmstart/linalg", "@tensorflow/tfjs-core", ...installed]) {
    const source = [root, workspace].map((base) => join(base, "node_modules", name)).find((path) => existsSync(path));
    if (source === undefined) throw new Error(`project: ${name} is not installed in this workspace`);
    if (name.startsWith("@warmstart/") && !existsSync(join(source, "dist"))) throw new Error("project: build the packages first (npm test does)");
    symlinkSync(realpathSync(source), at(`node_modules/${name}`), "dir");
  }
  return {
    folder,
    write,
    standIn(name, source) {
      write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "4.22.0", main: "index.js" }));
      write(`node_modules/${name}/index.js`, source);
    },
    run: (file) => JSON.parse(execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })) as unknown,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
