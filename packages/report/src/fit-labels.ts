/**
 * Names of at most `length` characters, by name: where one is longer, all lose the containers that they share
 * ("decoder/block_0/fc1" → "block_0/fc1"), and those that are still too long lose their middle, since a path says most at its ends.
 */
export function fitLabels(names: readonly string[], length: number): ReadonlyMap<string, string> {
  if (names.every((name) => name.length <= length)) return new Map(names.map((name) => [name, name]));
  const shared = sharedContainers(names);
  return new Map(names.map((name) => [name, withoutMiddle(name.slice(shared), length)]));
}

/** How many characters of "a/b/" all names begin with. */
function sharedContainers(names: readonly string[]): number {
  const first = names[0]!;
  let shared = 0;
  for (let at = first.indexOf("/"); at >= 0; at = first.indexOf("/", at + 1)) {
    const start = first.slice(0, at + 1);
    if (!names.every((name) => name.startsWith(start))) break;
    shared = at + 1;
  }
  return names.length > 1 ? shared : 0;
}

function withoutMiddle(name: string, length: number): string {
  if (name.length <= length) return name;
  const head = Math.floor((length - 1) / 2);
  return `${name.slice(0, head)}…${name.slice(name.length - (length - 1 - head))}`;
}
