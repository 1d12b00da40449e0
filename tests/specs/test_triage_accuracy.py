"""Triage against labelled complaints that no weight was learned from; some had been read (docs/triage.md, S004-2.1)."""

import pytest

from tests.measure_triage import LABELLED, Figures, halves, measure


@pytest.fixture(scope="module")
def held_out() -> Figures:
    if not LABELLED.exists():
        reason = f"no sample data at {LABELLED}; set AMENDS_SAMPLE_DATA"
        print(f"skipped: {reason}")
        pytest.skip(reason)
    return measure(halves()[1])


@pytest.mark.clause("S004-2.1")
def test_two_in_three_held_out_complaints_get_their_category_or_their_second_matter(
    held_out: Figures,
) -> None:
    assert held_out.strict >= 0.72
    assert held_out.lenient >= 0.75


@pytest.mark.clause("S004-2.1")
def test_learned_weights_do_better_than_counting_the_same_words(held_out: Figures) -> None:
    assert held_out.strict >= held_out.baseline + 0.05


@pytest.mark.clause("S004-2.2")
def test_two_in_three_dangers_in_held_out_complaints_are_seen(held_out: Figures) -> None:
    assert held_out.flags["safety"].recall >= 0.6


@pytest.mark.clause("S002-7.1")
def test_half_of_the_accused_employees_in_held_out_complaints_are_seen(held_out: Figures) -> None:
    assert held_out.flags["staff"].recall >= 0.7
