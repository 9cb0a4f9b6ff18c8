"""Invented people: common surnames and given names put together, numbers of a block that looks unassigned, addresses."""

import csv
from functools import cache
from importlib.resources import files
from random import Random

from distro_api.orders.schemas import ShippingAddress

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = [
    "子涵",
    "雨桐",
    "浩然",
    "欣怡",
    "思远",
    "佳宁",
    "明轩",
    "若曦",
    "俊杰",
    "诗琪",
    "文博",
    "雅婷",
    "天佑",
    "梦瑶",
    "志远",
    "晓彤",
    "建国",
    "丽华",
    "国强",
    "秀英",
    "伟",
    "芳",
    "敏",
    "静",
    "磊",
    "洋",
    "婷",
    "强",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "超",
    "霞",
    "平",
    "刚",
    "桂兰",
    "宇航",
    "可欣",
    "一鸣",
    "书瑶",
    "景行",
    "知夏",
    "安然",
    "清越",
    "嘉树",
    "念慈",
]
ROADS = [
    "文昌路",
    "人民路",
    "中山路",
    "解放路",
    "建设路",
    "和平路",
    "新华路",
    "青年路",
    "朝阳路",
    "滨江路",
    "学府路",
    "迎宾路",
]
EMPLOYERS = (
    "澄明精密制造有限公司",
    "远岫软件科技有限公司",
    "云杉建筑设计有限公司",
    "恒泽医疗器械有限公司",
    "青禾农业发展有限公司",
    "朗阅图书发行有限公司",
    "同裕物流服务有限公司",
    "栖川新材料有限公司",
    "明德中学工会委员会",
    "临江街道办事处",
)
NOTES = (
    "客人中有老人，请预留轮椅",
    "需要开具发票，抬头另行提供",
    "导游提前半小时到场取票",
    "请勿在票面显示价格",
    "客人自驾前往，请告知停车场位置",
)


def name(rng: Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def phone(rng: Random) -> str:
    """A customer's number."""
    return f"1990000{rng.randrange(1000, 10_000)}"


def owners_phone(number: int) -> str:
    """That of the `number`-th account of the demo; customers have others."""
    return f"1990000{number:04d}"


@cache
def districts() -> tuple[tuple[str, str, str, str], ...]:
    """(code, province, city, district)"""
    rows = csv.DictReader((files(__package__) / "data" / "districts.csv").read_text("utf-8").splitlines())
    return tuple((row["code"], row["province"], row["city"], row["district"]) for row in rows)


@cache
def scenic_areas() -> frozenset[str]:
    """Names of real 5A scenic areas."""
    rows = csv.DictReader((files(__package__) / "data" / "scenic-areas.csv").read_text("utf-8").splitlines())
    return frozenset(row["name"] for row in rows)


def address(rng: Random, receiver: str, number: str) -> ShippingAddress:
    """Where a parcel goes."""
    code, province, city, district = rng.choice(districts())
    town = city if city == province else province + city
    street = f"{rng.choice(ROADS)} {rng.randrange(1, 400)} 号 {rng.randrange(1, 30)} 幢 {rng.randrange(101, 2605)} 室"
    return ShippingAddress(region_code=code, address=f"{town}{district}{street}", name=receiver, phone=number)
