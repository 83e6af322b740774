"""Alerts: from a topic's observations to a message on somebody's phone.

Read in this order: `alert` (the record and its life), `baseline` (what is normal), `detect` (what is not),
`desk` (the commands that write), `routes` (who hears), `channels/` (how). All pure but `desk` and `channels/`.
Imports `tingchao` only.
"""
