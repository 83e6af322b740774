"""The rules by which members of the embedded bus share, without a file or a clock."""

from hypothesis import given
from hypothesis import strategies as st

from tingchao.bus.sharing import LEASE_SECONDS, NEVER, Lease, moves, shares

NOW = 1_000.0
READS = ("mentions.raw",)
SLOTS = {"mentions.raw": [1, 2, 3, 4]}


def alive(*names: str) -> dict[str, Lease]:
    return {name: Lease(READS, NOW) for name in names}


def test_a_member_alone_takes_everything():
    assert moves("a", READS, alive("a"), SLOTS, {}, NOW).take == [1, 2, 3, 4]


def test_a_member_that_has_its_share_does_nothing():
    assert not moves("a", READS, alive("a", "b"), SLOTS, {1: "a", 3: "a", 2: "b", 4: "b"}, NOW)


def test_a_newcomer_waits_until_the_owner_gives_back():
    owners = {1: "a", 2: "a", 3: "a", 4: "a"}

    assert not moves("b", READS, alive("a", "b"), SLOTS, owners, NOW)
    assert moves("a", READS, alive("a", "b"), SLOTS, owners, NOW).give == [2, 4]
    assert moves("b", READS, alive("a", "b"), SLOTS, {1: "a", 2: None, 3: "a", 4: None}, NOW).take == [2, 4]


def test_the_share_of_a_member_whose_lease_ran_out_is_taken():
    leases = alive("a") | {"b": Lease(READS, NOW - LEASE_SECONDS - 0.1)}

    todo = moves("a", READS, leases, SLOTS, {1: "a", 3: "a", 2: "b", 4: "b"}, NOW)

    assert todo.gone == ["b"]
    assert todo.take == [2, 4]


def test_a_lease_from_before_a_reboot_does_not_hold():
    assert not Lease(READS, NOW + 500_000).holds(NOW)
    assert not Lease(READS, NEVER).holds(NOW)
    assert Lease(READS, NOW - LEASE_SECONDS).holds(NOW)


def test_a_member_that_was_taken_for_dead_says_so_first():
    assert moves("a", READS, alive("b"), SLOTS, {}, NOW).renew


def test_only_those_who_read_a_topic_share_it():
    dealt = shares({"a": ["x"], "b": ["x", "y"]}, {"x": [1, 2], "y": [3, 4]})

    assert dealt == {"a": {1}, "b": {2, 3, 4}}


@given(
    st.dictionaries(st.text(max_size=4), st.sets(st.sampled_from("xyz"), min_size=1), max_size=6),
    st.dictionaries(st.sampled_from("xyz"), st.integers(1, 8), max_size=3),
)
def test_every_slot_somebody_reads_has_one_owner_and_shares_differ_by_one(members, counts):
    slots = {topic: [100 * "xyz".index(topic) + n for n in range(count)] for topic, count in counts.items()}

    dealt = shares(members, slots)

    for topic, its in slots.items():
        takers = [member for member in members if topic in members[member]]
        owned = {member: dealt[member] & set(its) for member in members}
        assert sum(map(len, owned.values())) == (len(its) if takers else 0)
        sizes = [len(owned[member]) for member in takers]
        assert not sizes or max(sizes) - min(sizes) <= 1


@given(st.integers(1, 5), st.integers(1, 8), st.randoms())
def test_whatever_the_owners_were_a_few_rounds_settle_it(count, width, random):
    names = [f"m{number}" for number in range(count)]
    slots = {READS[0]: list(range(width))}
    owners: dict[int, str | None] = {slot: random.choice([None, "dead", *names]) for slot in range(width)}

    for _ in range(3):
        for name in random.sample(names, len(names)):
            todo = moves(name, READS, alive(*names), slots, owners, NOW)
            owners |= dict.fromkeys(todo.give) | dict.fromkeys(todo.take, name)

    dealt = shares(dict.fromkeys(names, READS), slots)
    assert {name: {slot for slot, owner in owners.items() if owner == name} for name in names} == dealt
