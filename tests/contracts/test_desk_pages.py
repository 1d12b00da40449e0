"""The pages: complete without a script, in two languages, readable in light and dark, and deaf to a customer's tags."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.desk.board import COLUMNS
from services.desk.desk import Desk
from services.desk.markup import Html, tag
from services.desk.page import STATIC, live_page
from services.desk.words import WORDS, remaining
from tests.desk_cases import Company

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    company = Company(tmp_path)
    yield company
    company.close()


@pytest.fixture
def desk(company: Company) -> Desk:
    return company.desk()


@pytest_asyncio.fixture
async def pages(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(live_page(desk))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
        yield client


async def text(pages: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await pages.get(path)
    assert answer.status_code == status
    return answer.text


@pytest.mark.asyncio
async def test_an_empty_desk_says_so(pages: httpx.AsyncClient) -> None:
    assert "还没有投诉" in await text(pages, "/")
    assert "No complaint yet" in await text(pages, "/?lang=en")


@pytest.mark.asyncio
async def test_the_board_is_complete_without_a_script(company: Company, pages: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", "屏幕坏了,再不处理我就找媒体曝光")
    page = await text(pages, "/")
    assert '<html lang="zh-CN">' in page
    for shown in (
        f'href="/complaints/{complaint}"',
        "▲</span> 红色",
        "剩 15 分",
        "首次响应（人工）",
        "已派单",
        "受理投诉",
    ):
        assert shown in page
    english = await text(pages, "/?lang=en")
    for shown in ("▲</span> red", "15 min left", "first response by a person", "assigned", "received complaint"):
        assert shown in english


@pytest.mark.asyncio
async def test_a_missed_deadline_is_told_in_words_and_counted(company: Company, pages: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1")
    company.pass_time(minutes=20)
    await company.look(complaint)
    board = await text(pages, "/board")
    assert "超时 5 分" in board
    assert '<strong class="late">' in board


@pytest.mark.asyncio
async def test_no_words_of_a_customer_become_a_tag(company: Company, pages: httpx.AsyncClient) -> None:
    complaint = await company.handled(
        f"W-1{ATTACK}",
        ATTACK,
        customer={"name": ATTACK, "contacts": [{"medium": "chat", "address": ATTACK}]},
        product=ATTACK,
        scene=ATTACK,
        demands=[ATTACK],
        accused=[ATTACK],
    )
    for path in ("/", "/board", f"/complaints/{complaint}", f"/complaints/{complaint}?lang=en"):
        page = await text(pages, path)
        assert "<script>" not in page
        assert "<img" not in page
    dossier = await text(pages, f"/complaints/{complaint}")
    assert dossier.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8


@pytest.mark.asyncio
async def test_no_part_of_an_address_becomes_a_tag(company: Company, pages: httpx.AsyncClient) -> None:
    for path in ("/complaints/%3Cscript%3Ealert(1)", "/?lang=%22%3E%3Cscript%3E&x=%22%3E%3Cscript%3E"):
        assert "<script>" not in (await pages.get(path)).text


@pytest.mark.asyncio
async def test_a_complaints_page_tells_its_history_clocks_and_facts(company: Company, pages: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", "屏幕坏了", customer={"name": "张三"})
    company.pass_time(minutes=20)
    company.reply(complaint)
    page = await text(pages, f"/complaints/{complaint}")
    assert len(re.findall(r'<li value="\d+">', page)) == company.ledger.load(complaint).version
    for shown in (
        "张三",
        "屏幕坏了",
        "人员 li.na 通过电话向客户作出进展告知",
        "超时 5 分",
        "S004-1.3",
        "起点：2026-03-02 10:00:00+08:00",
    ):
        assert shown in page
    then = await text(pages, f"/complaints/{complaint}?as_of=2026-03-02T02:00:00Z")
    assert "这是 2026-03-02 10:00:00 时台账所知的情况" in then
    assert "作出进展告知" not in then


@pytest.mark.asyncio
async def test_a_page_that_is_not_there_says_so(pages: httpx.AsyncClient) -> None:
    assert "没有这样的投诉" in await text(pages, "/complaints/C260302-AAAAA-AAAAA", 404)
    await text(pages, "/static/../page.py", 404)
    await text(pages, "/static/page.py", 404)


@pytest.mark.asyncio
async def test_a_page_may_load_and_run_our_own_files_alone(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "unsafe" not in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert {"/static/live.css", "/static/live.js"} <= set(loaded)
    assert not [address for address in loaded if "//" in address]
    for address in ("/static/live.css", "/static/live.js"):
        assert "http" not in await text(pages, address)


def test_only_markup_stays_markup() -> None:
    inner = tag("b", "<i>", title='"')
    assert inner == '<b title="&quot;">&lt;i&gt;</b>'
    assert tag("p", inner, None, 3) == f"<p>{inner}3</p>"
    assert isinstance(inner, Html)


def test_every_word_is_there_in_both_languages() -> None:
    assert all(set(words) == {"zh", "en"} for words in WORDS.values())
    assert set(COLUMNS) <= set(WORDS)


def test_remaining_time_names_its_two_largest_units(company: Company) -> None:
    def told(**length: float) -> str:
        before = company.now
        company.pass_time(**length)
        return remaining(company.now, before, "zh")

    assert [
        told(minutes=12),
        told(hours=3, seconds=20),
        told(days=2, hours=5, minutes=9),
        told(),
        told(minutes=-1),
    ] == [
        "剩 12 分",
        "剩 3 小时",
        "剩 2 天 5 小时",
        "剩 0 秒",
        "超时 1 分",
    ]


GROUNDS = {
    "ground": ("text", "soft", "link", "red", "green"),
    "card": ("text", "soft", "link", "red"),
    "plain-ground": ("text", "soft"),
    "red-ground": ("red",),
    "yellow-ground": ("yellow", "link"),
    "green-ground": ("green",),
    "new": ("text", "soft", "link", "red"),
}
"""Which text stands on which ground."""


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_all_text_has_the_contrast_of_wcag_aa(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "live.css").read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))
    weak = [
        f"{name} on {ground}"
        for ground, names in GROUNDS.items()
        for name in names
        if _contrast(colours[name], colours[ground]) < 4.5
    ]
    assert weak == []


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
