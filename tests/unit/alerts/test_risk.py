import pytest

from tingchao.alerts.detect import FLOORS
from tingchao.alerts.risk import RiskRules, shipped_rules
from tingchao.catalogue import catalogue
from tingchao.errors import BadInput
from tingchao.text import fold


def found(text: str) -> set[str]:
    return {risk.category for risk in shipped_rules().risks(fold(text).text)}


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("空气炸锅用了三天就冒烟，手被烫伤", {"fire", "injury"}),
        ("吃完上吐下泻，怀疑食物中毒", {"food_safety"}),
        ("用户信息泄露，网信办约谈", {"data_leak", "regulator"}),
        ("已被市场监管局立案调查并召回", {"regulator", "recall"}),
        ("這個充電寶自燃了", {"fire"}),
        ("抵制！再也不买", {"boycott"}),
        ("北京警方通报其嫖娼被行政拘留", {"regulator", "executive"}),
        ("裁员还拖欠工资", {"labour"}),
        ("今天天气不错", set()),
    ],
)
def test_names_the_danger(text: str, categories: set[str]) -> None:
    assert found(text) == categories


@pytest.mark.parametrize(
    "text",
    [
        "还好没有起火",
        "产品从未爆炸",
        "严防火灾",
        "辟谣：起火系谣言",
        "公司举行消防演练模拟火灾",
        "热到冒烟",
        "气炸了",
        "优惠券过期了",
    ],
)
def test_denials_exercises_and_look_alikes_are_none(text: str) -> None:
    assert found(text) == set()


def test_more_words_are_more_certain() -> None:
    one, two = (shipped_rules().risks(text)[0].score for text in ("冒烟", "冒烟起火"))

    assert one < two <= 1


def test_every_category_has_words_and_every_floor_a_category() -> None:
    known = catalogue()
    categories = shipped_rules().categories

    assert all(f"alerts.risk_{category}" in known for category in categories)
    assert FLOORS.keys() <= categories


def test_a_rule_without_words_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="fire"):
        RiskRules({"fire": {"word": ["起火"]}})
