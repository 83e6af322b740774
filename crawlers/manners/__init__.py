"""How a host is treated: may it be asked, how often, and what was asked of it.

Read `conduct` first. Rules without effects: `robots`, `addresses`, `budgets`, `breakers`, `rests`, `rates`, `switches`,
`validators`, `patterns`. What is kept: `books`, `marks`, `standing`, `hosts`, `ledger`. On the way out: `gates`,
`middlewares`, and `door`, the last look before the wire.
"""
