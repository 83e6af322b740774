"""A member of a group in a process of its own, for tests that kill or freeze it.

    python bus_member.py ADDRESS TOPIC GROUP [commit]

It says `read N` for every batch; each line on its input makes it commit the last batch and say the answer.
"""

import sys

from tingchao.bus import open_bus


def main(address: str, topic: str, group: str, mode: str) -> None:
    with open_bus(address) as bus:
        for batch in bus.subscribe([topic], group):
            if not batch:
                continue
            print("read", len(batch.messages), flush=True)
            if mode == "ask":
                sys.stdin.readline()
                print("committed", bus.commit(batch), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:5])
