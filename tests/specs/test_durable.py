"""Files that must survive: whole or not at all, private, and never in place of another unasked."""

import os
from pathlib import Path

import pytest

from events import durable


def _failing(file: Path, *, replace: bool) -> None:
    with durable.new_file(file, replace=replace) as part:
        part.write_bytes(b"half")
        raise KeyboardInterrupt


@pytest.mark.parametrize("replace", [True, False])
def test_what_is_cut_short_leaves_neither_the_file_nor_a_trace(tmp_path: Path, replace: bool) -> None:
    with pytest.raises(KeyboardInterrupt):
        _failing(tmp_path / "file", replace=replace)
    assert list(tmp_path.iterdir()) == []


def test_a_file_has_its_name_only_when_it_is_whole_and_is_its_owners_alone(tmp_path: Path) -> None:
    durable.write(tmp_path / "file", b"old")
    with durable.new_file(tmp_path / "file") as part:
        part.write_bytes(b"new")
        assert (tmp_path / "file").read_bytes() == b"old"
    assert ((tmp_path / "file").read_bytes(), (tmp_path / "file").stat().st_mode & 0o777) == (b"new", 0o600)


def _overtaken(file: Path) -> None:
    with durable.new_file(file, replace=False) as part:
        part.write_bytes(b"slow")
        file.write_bytes(b"fast")


def test_of_two_who_make_the_same_file_at_once_the_first_wins_and_the_other_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        _overtaken(tmp_path / "file")
    with pytest.raises(FileExistsError, match="file"):
        durable.write(tmp_path / "file", b"late", replace=False)
    assert ((tmp_path / "file").read_bytes(), os.listdir(tmp_path)) == (b"fast", ["file"])
