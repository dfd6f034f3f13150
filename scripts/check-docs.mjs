// Every function, class and value that a package exports has a doc comment and is named in the package's README; every type has a
// comment of its own or on its members. Prints those that have not, and exits non-zero. `node scripts/check-docs.mjs [PACKAGE]…`
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const asked = process.argv.slice(2);
const index = (name) => `${root}packages/${name}/src/index.ts`;
const packages = readdirSync(`${root}packages`).filter((name) => existsSync(index(name)) && (asked.length === 0 || asked.includes(name)));
const program = ts.createProgram(packages.map(index), { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, strict: true, skipLibCheck: true, noEmit: true, types: [] });
const checker = program.getTypeChecker();
const hasComment = (symbol) => symbol.getDocumentationComment(checker).length > 0;

/** What is missing for one exported name. */
function problemsOf(exported, readme) {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const isType = (symbol.flags & ts.SymbolFlags.Value) === 0;
  const commented = hasComment(symbol) || (isType && checker.getDeclaredTypeOfSymbol(symbol).getProperties().some(hasComment));
  const named = isType || new RegExp(`\\b${exported.name}\\b`).test(readme);
  return [...(commented ? [] : ["has no doc comment"]), ...(named ? [] : ["is not in the README"])];
}

let names = 0;
const problems = packages.flatMap((name) => {
  const readme = existsSync(`${root}packages/${name}/README.md`) ? readFileSync(`${root}packages/${name}/README.md`, "utf8") : "";
  const exports = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index(name))));
  names += exports.length;
  return exports.flatMap((exported) => problemsOf(exported, readme).map((problem) => `@warmstart/${name}: ${exported.name} ${problem}`));
});

for (const problem of problems) console.error(problem);
if (names === 0) problems.push("no exported name found");
console.log(`${names} exported names of ${packages.length} packages: ${problems.length === 0 ? "all documented" : `${problems.length} to document`}`);
process.exit(problems.length === 0 ? 0 : 1);
