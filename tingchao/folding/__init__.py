"""Folding: which mentions say what another has said before, and under which one each is shown.

Read in this order: `saying` (what a mention says in its own words), `likeness` (when two texts are nearly the same),
`grouping` (who folds under whom, kept up as mentions arrive in any order). All pure: no clock, no store, no bus.

A mention folds under its origin for one of three reasons. REPOST: it has no words of its own, so it says what its parent
says. SAME: its own words are letter for letter those of an earlier mention, and too many to be so by chance. NEAR: they
differ only by what was added or left out; an article counts with its title, without the site's name behind it.
The origin is the earliest; everything under it is counted, none is lost, and each can be unfolded. Curves and alerts
count every mention: folding changes only what a list shows first.
"""

from tingchao.folding.grouping import ROOM, WINDOW, Folding, Group, Place, Why, placed
from tingchao.folding.likeness import LIKE, alike
from tingchao.folding.saying import LEAST, LEAST_NEAR, Saying, own_words, saying

__all__ = [
    "LEAST",
    "LEAST_NEAR",
    "LIKE",
    "ROOM",
    "WINDOW",
    "Folding",
    "Group",
    "Place",
    "Saying",
    "Why",
    "alike",
    "own_words",
    "placed",
    "saying",
]
