// The byte-level BPE of tokenizer/train.py, read by @huggingface/tokenizers.
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

/** Id of `<|end|>`, which stands before every document. */
export const endToken = 0;

/** How many ids there are. */
export const vocabularySize = 4096;

/** The committed tokenizer: `encode(text).ids`, `decode(ids)`. Every text is representable and decodes to itself. */
export function loadTokenizer(): Tokenizer {
  const json: object = JSON.parse(readFileSync(new URL("tokenizer/tokenizer.json", import.meta.url), "utf8"));
  return new Tokenizer(json, { clean_up_tokenization_spaces: false });
}
