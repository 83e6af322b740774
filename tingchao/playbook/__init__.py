"""The 24-hour playbook: what has to be done by when, and what was done by whom.

Read in this order: `plan` (a playbook as YAML), `incident` (events and their fold), `clock` (what is due,
late and next; pure), `desk` (the commands that write). `plans/*.yaml` are the playbooks that ship.
Imports `tingchao` only.
"""
