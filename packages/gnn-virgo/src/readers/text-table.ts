// Rows of fields in a text, read from its bytes one by one: a text of ten million lines is never cut into strings.
import { Growing } from "../growing.js";
import type { ByteNames } from "./byte-names.js";
import { incomplete, malformed, notFinite } from "./errors.js";

/** A text, or its bytes in UTF-8 (a string of more than half a billion characters does not exist in V8). */
export type FileText = string | Uint8Array;

const [tab, lineFeed, carriageReturn, blank, quote, minus, point] = [9, 10, 13, 32, 34, 45, 46];
const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** A cursor over lines and their fields. Empty lines are left out, and comments. */
export class TextTable {
  /** Number of the current line, from 1. */
  line = 0;
  readonly #bytes: Uint8Array;
  #comments: readonly number[] = [];
  readonly #decoder = new TextDecoder();
  #separator = blank;
  #next = 0; // where the next line begins
  #begin = 0; // of the current line
  #end = 0;
  #position = 0; // where the next field begins
  #fieldBegin = 0; // of the current field, without quotes and blanks around it
  #fieldEnd = 0;
  #escaped = false;

  constructor(
    readonly reader: string,
    text: FileText,
    readonly name?: string,
  ) {
    if (typeof text !== "string" && !(text instanceof Uint8Array)) throw malformed(reader, `${name ?? "the text"} must be a string or a Uint8Array of its bytes, got ${text === null ? "null" : typeof text}. Read the file first.`);
    this.#bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    if (this.#bytes[0] === 0x1f && this.#bytes[1] === 0x8b) throw malformed(reader, `${name ?? "the text"} is compressed (gzip). Decompress it first: new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text().`);
    if (this.#bytes[0] === 0xef && this.#bytes[1] === 0xbb && this.#bytes[2] === 0xbf) this.#next = 3;
  }

  /** Leaves out lines that begin with one of these characters, from the next on. */
  skipComments(characters: string): void {
    this.#comments = Array.from(characters, (character) => character.charCodeAt(0));
  }

  /** For errors. */
  get where(): string {
    return `line ${this.line}${this.name === undefined ? "" : ` of ${this.name}`}`;
  }

  /** Goes to the next line; false at the end. */
  next(): boolean {
    const bytes = this.#bytes;
    while (this.#next < bytes.length) {
      this.line++;
      let end = bytes.indexOf(lineFeed, this.#next);
      if (end === -1) end = bytes.length;
      this.#begin = this.#next;
      this.#next = end + 1;
      while (end > this.#begin && (bytes[end - 1] === carriageReturn || bytes[end - 1] === blank)) end--;
      this.#end = end;
      this.#position = this.#begin;
      if (end > this.#begin && !this.#comments.includes(bytes[this.#begin]!)) return true;
    }
    return false;
  }

  /** The current line as it is. */
  lineText(): string {
    return this.#decoder.decode(this.#bytes.subarray(this.#begin, this.#end));
  }

  /** What stands between fields: one character, or a blank for any number of blanks and tabs. Without it: the first of tab, comma and semicolon that the current line has, else blanks. */
  separate(separator?: string): void {
    const found = separator ?? ["\t", ",", ";"].find((each) => this.#bytes.subarray(this.#begin, this.#end).includes(each.charCodeAt(0))) ?? " ";
    if (found.length !== 1 || found.charCodeAt(0) > 127) throw malformed(this.reader, `separator must be one character, such as "," or "\\t", got ${JSON.stringify(found)}.`);
    this.#separator = found.charCodeAt(0);
  }

  /** Goes back to the first field of the line. */
  rewind(): void {
    this.#position = this.#begin;
  }

  /** What `look` finds in the next line, without going there; false at the end. */
  peek(look: () => boolean): boolean {
    const [line, next, begin, end] = [this.line, this.#next, this.#begin, this.#end];
    const found = this.next() && look();
    [this.line, this.#next, this.#begin, this.#end, this.#position] = [line, next, begin, end, begin];
    return found;
  }

  /** Goes to the next field of the line; false when there is none. */
  field(): boolean {
    const [bytes, end, separator] = [this.#bytes, this.#end, this.#separator];
    let p = this.#position;
    this.#escaped = false;
    if (separator === blank) {
      while (p < end && (bytes[p] === blank || bytes[p] === tab)) p++;
      if (p >= end) return false;
      this.#fieldBegin = p;
      while (p < end && bytes[p] !== blank && bytes[p] !== tab) p++;
      this.#fieldEnd = this.#position = p;
      return true;
    }
    if (p > end) return false;
    while (p < end && bytes[p] === blank) p++;
    if (bytes[p] === quote && p < end) return this.#quoted(p + 1);
    this.#fieldBegin = p;
    while (p < end && bytes[p] !== separator) p++;
    this.#position = p + 1;
    while (p > this.#fieldBegin && bytes[p - 1] === blank) p--;
    this.#fieldEnd = p;
    return true;
  }

  /** The current field as a number, NaN where it is none. */
  number(): number {
    const [bytes, end] = [this.#bytes, this.#fieldEnd];
    let p = this.#fieldBegin;
    const negative = bytes[p] === minus;
    if (negative) p++;
    const begin = p;
    let [digits, fraction, value] = [0, -1, 0];
    for (; p < end; p++) {
      const digit = bytes[p]! - 48;
      if (digit >= 0 && digit <= 9) {
        value = 10 * value + digit;
        digits++;
      } else if (bytes[p] === point && fraction === -1) fraction = p;
      else return this.#otherNumber();
    }
    // Up to 15 digits are exact, and so is the power of ten: one division rounds as it should.
    if (digits === 0 || digits > 15 || begin === end) return this.#otherNumber();
    if (fraction !== -1) value /= powers[end - fraction - 1]!;
    return negative ? -value : value;
  }

  /** Whether the current field is empty. */
  get empty(): boolean {
    return this.#fieldBegin === this.#fieldEnd;
  }

  /** The current field. */
  text(): string {
    const [begin, end] = [this.#fieldBegin, this.#fieldEnd];
    const field = this.#decoder.decode(this.#bytes.subarray(begin, end));
    return this.#escaped ? field.replaceAll('""', '"') : field;
  }

  /** The number of the current field among names; -1 for a new one that is not to be added. */
  numberIn(names: ByteNames, add: boolean): number {
    if (!this.#escaped) return names.find(this.#bytes, this.#fieldBegin, this.#fieldEnd, add);
    const bytes = new TextEncoder().encode(this.text());
    return names.find(bytes, 0, bytes.length, add);
  }

  #quoted(begin: number): true {
    const [bytes, end] = [this.#bytes, this.#end];
    let p = begin;
    while (p < end && (bytes[p] !== quote || bytes[p + 1] === quote)) {
      if (bytes[p] === quote) {
        this.#escaped = true;
        p++;
      }
      p++;
    }
    if (p >= end) throw malformed(this.reader, `the quote in ${this.where} is not closed.`, { line: this.line });
    this.#fieldBegin = begin;
    this.#fieldEnd = p++;
    while (p < end && bytes[p] === blank) p++;
    if (p < end && bytes[p] !== this.#separator) throw malformed(this.reader, `a quoted field must end at its closing quote, got ${JSON.stringify(this.lineText())} in ${this.where}.`, { line: this.line });
    this.#position = p + 1;
    return true;
  }

  #otherNumber(): number {
    const text = this.text();
    return text === "" ? NaN : Number(text);
  }
}

/** Numbers in rows of one length. */
export interface NumberTable<T extends Float32Array | Float64Array = Float64Array> {
  /** `"rows columns"` */
  readonly values: T;
  readonly rows: number;
  readonly columns: number;
}

export interface NumberTableOptions {
  /** How many rows there must be, and what of. */
  readonly rows?: { readonly count: number; readonly of: string };
  readonly columns?: number;
  /** Whether NaN and empty fields are allowed, as NaN. */
  readonly missing?: boolean;
  readonly whole?: boolean;
}

/** A text of numbers and nothing else, in an array of that type. */
export function numberTable<T extends Float32Array | Float64Array>(reader: string, text: FileText, name: string, type: new (length: number) => T, { rows, columns, missing = false, whole = false }: NumberTableOptions): NumberTable<T> {
  const table = new TextTable(reader, text, name);
  const values = new Growing(type);
  let [width, count] = [columns ?? 0, 0];
  while (table.next()) {
    if (count === 0) table.separate();
    let fields = 0;
    for (; table.field(); fields++) {
      const value = table.number();
      if (!Number.isFinite(value) && !(missing && Number.isNaN(value) && ["", "nan"].includes(table.text().toLowerCase()))) throw unreadable(table, whole);
      if (whole && !Number.isInteger(value)) throw unreadable(table, whole);
      values.push(value);
    }
    if (count === 0) {
      width = columns ?? fields;
      values.reserve(Math.min(width * (rows?.count ?? 0), text.length)); // a number takes a character at least
    }
    if (fields !== width) throw malformed(reader, `${table.where} must have ${width} fields${columns === undefined ? " as the first" : ""}, got ${fields}.`, { line: table.line, fields });
    count++;
  }
  if (rows !== undefined && count !== rows.count) throw malformed(reader, `${name} must have ${rows.count} lines, one for each ${rows.of}, got ${count}.`, { name, rows: count });
  if (count === 0) throw incomplete(reader, `${name} is empty.`, { name });
  return { values: values.view(), rows: count, columns: width };
}

/** What is wrong with a field that should be a number. */
export function unreadable(table: TextTable, whole = false): Error {
  const text = table.text();
  const kind = /^[+-]?(nan|inf|infinity)$/i.test(text) ? notFinite : malformed;
  return kind(table.reader, `${table.where} must have ${whole ? "whole numbers" : "finite numbers"}, got ${JSON.stringify(text)}.`, { line: table.line, field: text });
}
