"""When a Kafka member without partitions joins its group anew."""

from tingchao.bus.kafka import IDLE_SECONDS, MOST_IDLE_SECONDS, _Patience


def test_a_member_with_partitions_stays():
    patience = _Patience()

    assert not any(patience.ended(True, now) for now in range(0, 1_000, 100))


def test_a_member_without_joins_again_ever_more_seldom():
    patience = _Patience()

    joined = [now for now in range(1_500) if patience.ended(False, float(now))]

    gaps = [later - earlier for earlier, later in zip([0, *joined], joined, strict=False)]
    assert gaps[0] == IDLE_SECONDS + 1
    assert gaps == sorted(gaps)
    assert gaps[-1] <= MOST_IDLE_SECONDS + 1


def test_a_partition_in_between_starts_it_over():
    patience = _Patience()
    patience.ended(False, 0.0)
    patience.ended(True, 9.0)

    assert not patience.ended(False, 11.0)
    assert not patience.ended(False, 20.0)
