"""The bank's branches, all of them invented."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bank_maker.chance import Chance

BANK = {"zh": "云岭示例银行", "en": "Yunling Sample Bank"}
HEAD = "0000"
REGIONS = ("甲州", "乙州", "丙州", "丁州")
LARGE, COUNTY, COMMUNITY = "城区综合", "县域", "社区小微"

# Places that are on no map. Some names hold digits or letters, which branches type in more than one way.
_PLACES = (
    "营业部", "青石", "白塔", "松涛", "1号路", "竹溪", "A区", "望湖", "东门", "梅园", "柳泉", "星河桥",
    "营业部", "赤土岗", "双泉", "枫林", "2号桥", "石榴巷", "B区", "听雨", "南门", "杏坛", "芦苇荡", "月牙湾",
    "营业部", "黄土坡", "三棵树", "槐荫里", "3号渠", "荷塘", "C区", "观澜台", "西门", "橘园头", "沙棘", "风车坪",
    "营业部", "紫云台", "四方井", "榆钱巷", "5号院", "兰若", "D区", "拾光里", "北门", "银杏道", "胡杨", "溪口桥",
)  # fmt: skip

# Head counts that matter to a planted fact; the others follow from the peer group.
STAFF = {"0412": 16, "0101": 58, "0302": 44, "0105": 41, "0207": 40, "0203": 36, "0206": 34}


@dataclass(frozen=True)
class Unit:
    """One unit of the register."""

    code: str
    name: str
    parent: str
    level: str
    region: str
    peer_group: str
    staff: int
    opened_on: str

    @property
    def is_branch(self) -> bool:
        return self.level == "sub_branch"


def _sub_branch(seed: int, place: int) -> Unit:
    region, serial = divmod(place, 12)
    code = f"{region + 1:02d}{serial + 1:02d}"
    chance = Chance(seed, "unit", code)
    group = LARGE if serial < 4 else COUNTY if serial < 9 else COMMUNITY
    low, high = {LARGE: (40, 60), COUNTY: (26, 42), COMMUNITY: (17, 25)}[group]
    staff = chance.whole(low, high)
    name = f"{REGIONS[region]}{_PLACES[place]}" + ("" if serial == 0 else "支行")
    opened_on = f"{chance.whole(1996, 2021)}-{chance.whole(1, 12):02d}-{chance.whole(1, 28):02d}"
    return Unit(
        code, name, f"{code[:2]}00", "sub_branch", REGIONS[region], group, STAFF.get(code, staff), opened_on
    )


@cache
def units(seed: int) -> tuple[Unit, ...]:
    """Head office, four first-level branches and forty-eight sub-branches."""
    head = Unit(HEAD, f"{BANK['zh']}总行", "", "head_office", "甲州", "机关", 80, "1995-06-18")
    offices = tuple(
        Unit(
            f"{place + 1:02d}00",
            f"{region}分行",
            HEAD,
            "first_level",
            region,
            "机关",
            40,
            f"199{place + 6}-09-01",
        )
        for place, region in enumerate(REGIONS)
    )
    return (head, *offices, *(_sub_branch(seed, place) for place in range(48)))


def branches(seed: int) -> tuple[Unit, ...]:
    return tuple(unit for unit in units(seed) if unit.is_branch)


def offices(seed: int) -> tuple[Unit, ...]:
    return tuple(unit for unit in units(seed) if not unit.is_branch)
