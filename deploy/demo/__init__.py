"""The demo: a loopback site that looks like six sources, and a receiver that shows what the crisis team gets.

Read in this order: scenario.yaml and texts/ (the play), `scenario` (their shape), `people` (made-up authors),
`posts` (one mention), `dice` (decks and rhythm), `drafts` (who says what when), `world` (all that is public at
a moment), `sites/` (one module a source); all of this is pure. Then `markdown`, `cards` and `inbox` (the crisis
team's phone), `turnstile` (what was served when), `server` (sockets: the thin shell), `settings_files` (a home
folder that watches the site) and `commands` (`serve`). Run it with `python -m deploy.demo`; docs/demo.md says how.
Imports `tingchao` only; needs nothing that the default install does not have.
"""
