"""The workers: each turns messages of the bus into messages, documents or deliveries.

Read in this order: `loop` (what all share: batch, handle, publish, flush, commit), then one module a worker:
`enrich` (match, score, tag), `index` (into the store), `alert` (observations to alerts), `notify` (alerts to
people); `scoring` (what the model is asked) and `threads` (what a text replies to) are shared by `enrich`, `shadow` and
`rescore`, `counting` by `shadow` and `drift`; `commands` starts them.
Imports `models` and `tingchao`.
"""
