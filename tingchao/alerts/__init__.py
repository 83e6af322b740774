"""Alerts: from a topic's observations to a message on somebody's phone.

Read in this order: `alert` (the record and its life), `baseline` (what is normal), `detect` (what is not, and how
grave), `state` (what is remembered of a topic, and what follows), `snapshot` (that memory as documents), `desk` (the
commands that write), `risk` and `hot_words` (what the texts speak of), `notice` (who hears of what), `messages` (in
which words), `channels/` (how). All pure but `desk` and `channels/`. Imports `tingchao` only.
"""
