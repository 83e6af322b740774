"""Made-up people, with the kind of identity that must never get past the crawler.

Every id begins with 7719 and every address lies under `.example`, so that a scan can tell a leak from chance.
"""

from dataclasses import dataclass
from random import Random

REGIONS = (
    "广东", "浙江", "江苏", "上海", "北京", "四川", "山东", "湖北", "湖南", "福建",
    "河南", "陕西", "重庆", "辽宁", "安徽", "江西", "广西", "云南", "天津", "河北",
)  # fmt: skip

CITIES = ("杭州", "苏州", "成都", "长沙", "青岛", "佛山", "武汉", "合肥", "厦门", "西安", "南宁", "大连")

_HABITS = (
    "爱睡觉", "不吃香菜", "熬夜看剧", "减肥失败", "半糖去冰", "住在海边", "会修自行车", "追公交车", "收集冰箱贴", "怕打雷",
    "早起跑步", "养了三只猫", "不想上班", "写不完论文", "周末烤面包", "骑小电驴", "爱囤货", "迷路", "喝热水", "种番茄",
)  # fmt: skip
_NOUNS = (
    "土豆", "柚子", "企鹅", "小林", "阿柚", "河马", "饭团", "老陈", "芋圆", "橡皮",
    "松鼠", "栗子", "蘑菇", "表姐", "海豹", "豆包儿", "荔枝", "刺猬", "汤圆", "老王头",
)  # fmt: skip
_BIG = ("厨房测评老方", "拆机一哥阿铭", "生活家林小满", "电器实验室Leo", "妈妈帮主小鹿")
_OUTLETS = ("晨岸新闻", "江畔都市报", "厨电观察", "第九财经", "消费前线", "城事周刊")


@dataclass(frozen=True, slots=True)
class Person:
    """An author. `badge` is empty, 黄V or 蓝V; an organisation's name is public, a person's is not."""

    uid: str
    nickname: str
    followers: int
    badge: str
    region: str
    organisation: bool = False

    @property
    def avatar(self) -> str:
        return f"https://avatar.example/{self.uid}.jpg"

    @property
    def profile(self) -> str:
        return f"https://people.example/u/{self.uid}"

    @property
    def identity(self) -> tuple[str, ...]:
        """What must not be found anywhere past the crawler."""
        private = (self.uid, self.avatar, self.profile)
        return private if self.organisation else (*private, self.nickname)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who may write."""

    crowd: tuple[Person, ...]
    big: tuple[Person, ...]
    outlets: tuple[Person, ...]
    official: Person

    def everybody(self) -> tuple[Person, ...]:
        return (*self.crowd, *self.big, *self.outlets, self.official)


def make_people(rng: Random) -> People:
    """The same people for the same `rng`."""
    numbers = iter(range(7719000001, 7719999999, 37))
    crowd = [
        Person(
            str(next(numbers)), f"{habit}的{noun}", int(rng.paretovariate(1.1) * 40), "", rng.choice(REGIONS)
        )
        for habit in _HABITS
        for noun in _NOUNS
    ]
    rng.shuffle(crowd)
    big = [
        Person(str(next(numbers)), name, rng.randrange(900_000, 6_000_000), "黄V", rng.choice(REGIONS))
        for name in _BIG
    ]
    outlets = [
        Person(str(next(numbers)), name, 2_000_000, "蓝V", "北京", organisation=True) for name in _OUTLETS
    ]
    official = Person(str(next(numbers)), "云雀电器官方", 1_260_000, "蓝V", "广东", organisation=True)
    return People(tuple(crowd), tuple(big), tuple(outlets), official)
