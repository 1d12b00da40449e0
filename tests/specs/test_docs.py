"""The pages that are made from the sources are as the sources are now."""

from pathlib import Path

import pytest

from tests.generate_docs import pages

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
