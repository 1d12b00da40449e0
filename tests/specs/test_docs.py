"""The pages that are made from the sources are as the sources are now."""

from pathlib import Path

import pytest

from tests.generate_docs import clauses, pages, rules

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_fresh(page: Path) -> None:
    assert page.read_text() == PAGES[page], f"{page.name} is stale: run `make docs`"


def test_every_link_of_the_front_pages_leads_somewhere() -> None:
    root = Path(__file__).parents[2]
    for name in ("README.md", "ARCHITECTURE.md", "docs/operating.md"):
        text = (root / name).read_text()
        links = [part.split(")")[0] for part in text.split("](")[1:]]
        missing = [link for link in links if "://" not in link and not (root / name).parent.joinpath(link).exists()]
        assert missing == [], name


def test_every_rule_is_proven_by_a_test_or_waits_for_something_named() -> None:
    proven = {id_ for id_, tests in clauses().items() if tests}
    missing = [row["id"] for row in rules() if row["id"] not in proven and not row["waits_for"]]
    assert missing == [], "cite them on the tests that prove them, or say in docs/requirements.csv what they wait for"
    assert [row["id"] for row in rules() if row["id"] in proven and row["waits_for"]] == []
