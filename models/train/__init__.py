"""From research texts to a bundle: `python -m models.train --help` lists the steps and how long each takes.

Read in this order: `rows` (which texts, which labels, how often), `sentences` and `names` (our own, with brands filled in),
`tfidf` (a second teacher), `losses` (what each source may teach), `shared_weights` and `loop` (two processes, one network;
checkpoints), `distil` (what a teacher says of every row), `__main__` (the steps). Every step leaves its result under the
working folder and is skipped when that is there. Imports `models` and `tingchao` only; needs `tingchao[train]`.
"""
