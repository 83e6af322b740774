"""One module per page; each has a `show()` that reads, computes and draws, and decides nothing."""
