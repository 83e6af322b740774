"""How good the model is: `python -m models.evaluate --help`. One command measures, prints, and writes the model card.

Read in this order: `sets` (which rows), `measures` (figures, pure), `judge` (rows put before a scorer), `results` (what was
measured, kept by part); then the parts: `dev` (sentiment, target, other heads), `own` (our sentences), `slices`, `sureness`,
`unseen`, `invariance`, `robustness`, `mistakes`, `against`, `peers` and `speed`; then what is made of them: `headline` and
`gate` (may this model replace that one?), `goals`, `plot`, `markdown` and `card` (models/README.md).
Imports `models` and `tingchao`; `speed` also the harness of the benchmarks, so it runs in the checkout only.
"""
