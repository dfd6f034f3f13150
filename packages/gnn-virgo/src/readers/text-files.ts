import { incomplete, malformed } from "./errors.js";
import type { FileText } from "./text-table.js";

/** A folder: the text of each file, or its bytes, by its name. Folders before the name and a `.gz` after it do not count, but the contents must be decompressed. */
export type TextFiles = Readonly<Record<string, FileText>>;

/** The file whose name is `ending`, or ends so after a prefix and `_` or `.`. */
export function findFile(reader: string, files: TextFiles, ending: string): { name: string; text: FileText } | undefined {
  const bare = (path: string) => path.replace(/^.*[/\\]/, "").replace(/\.gz$/, "");
  const found = Object.keys(files).filter((path) => bare(path) === ending || bare(path).endsWith(`_${ending}`) || bare(path).endsWith(`.${ending}`));
  if (found.length > 1) throw malformed(reader, `only one file may be called ${ending}, got ${found.join(" and ")}. Give the files of one data set, with one split.`, { found });
  return found.length === 0 ? undefined : { name: bare(found[0]!), text: files[found[0]!]! };
}

/** As `findFile`, for a file that must be there. */
export function requireFile(reader: string, files: TextFiles, ending: string): { name: string; text: FileText } {
  const file = findFile(reader, files, ending);
  if (file === undefined) throw incomplete(reader, `there is no file ${ending}. Got ${Object.keys(files).join(", ") || "none"}.`, { ending });
  return file;
}
