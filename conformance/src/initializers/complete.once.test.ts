// Every initializer that a package exports has a row: what is forgotten fails here. TypeScript says which exports are such.
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { rows } from "./rows.js";

const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));
const indexes = readdirSync(packages).flatMap((name) => (existsSync(`${packages}${name}/src/index.ts`) ? [{ name, path: `${packages}${name}/src/index.ts` }] : []));

/** An `Initializer`, or one for shapes only that tfjs-layers takes. */
const shapes = [["name", "plan", "apply"], ["className", "draw", "apply"]];

/** "package/export" of every exported function that returns an initializer. */
function factories(paths: readonly { readonly name: string; readonly path: string }[]): string[] {
  const program = ts.createProgram(paths.map(({ path }) => path), { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, strict: true, skipLibCheck: true, noEmit: true, types: [] });
  const checker = program.getTypeChecker();
  return paths.flatMap(({ name, path }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path)!);
    if (module === undefined) throw new Error(`${path} exports nothing`);
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (symbol.valueDeclaration === undefined) return [];
      const signatures = checker.getTypeOfSymbolAtLocation(symbol, symbol.valueDeclaration).getCallSignatures();
      const makes = signatures.some((signature) => shapes.some((members) => members.every((member) => signature.getReturnType().getProperty(member) !== undefined)));
      return makes ? [`${name}/${exported.name}`] : [];
    });
  });
}

describe("the matrix", () => {
  let found: string[];
  beforeAll(() => {
    found = factories(indexes);
  });

  it("has a row for every initializer that a package exports, and no other", () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual(found.toSorted());
  });

  it("would miss one: the search finds both kinds", () => {
    expect(found).toEqual(expect.arrayContaining(["init-core/lsuv", "init-core/heNormal", "lora-init/eva"]));
    expect(found).not.toContain("init-core/networkOf");
  });
});
