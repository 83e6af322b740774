"""Ways to run it: the demo site, and real servers on this machine."""
