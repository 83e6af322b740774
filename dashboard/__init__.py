"""The screens: Streamlit pages in Chinese with an English switch, built from the store and nothing else.

Read in this order: `run` (how it is started), `app` (navigation, the bar, what happens when a page fails),
`url` and `window` (all state is in the address), `read` (the cached reads), `pulse`, `marks`, `rows`, `charts`,
`boards` and `warroom` (pure: values to what is drawn), `paper` (how text of the public is drawn, as text and nothing
else), then one module per page in `screens/`: read, compute, draw. Imports `tingchao` only.
"""
