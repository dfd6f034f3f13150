import { malformed } from "./errors.js";

/** Nodes by what the data call them, numbered as they are added. */
export class NumberedNodes {
  readonly ids: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(private readonly reader: string) {}

  /** A new node. */
  add(id: unknown): void {
    const name = nameOf(id);
    if (this.#numbers.has(name)) throw malformed(this.reader, `nodes must have different ids, but ${JSON.stringify(id)} is there twice.`, { node: id });
    this.#numbers.set(name, this.ids.length);
    this.ids.push(name);
  }

  /** Its number, undefined for an unknown node. */
  find(id: unknown): number | undefined {
    return this.#numbers.get(nameOf(id));
  }

  /** Its number, being added when it is new. */
  findOrAdd(id: unknown): number {
    const known = this.find(id);
    if (known === undefined) this.add(id);
    return known ?? this.ids.length - 1;
  }
}

/** Strings and numbers as they are; lists, NetworkX's tuples, as JSON. */
const nameOf = (id: unknown): string => (typeof id === "object" ? JSON.stringify(id) : String(id));
