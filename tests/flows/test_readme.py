"""The README's commands do what it says: a newcomer copies them (style, section 10)."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.flows.harness import REPOSITORY, Up, an_up

BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"C\d{6}-[0-9A-Z]{5}-[0-9A-Z]{5}")


def run(script: str, directory: Path) -> str:
    """The output of a README block, run by the shell in that directory; fails with what the shell said."""
    script = script.replace(".venv/bin/amends", f"{sys.executable} -m services.cli.main")
    for folder in ("tests/scenarios", "policy/telecom-cn.toml"):
        script = script.replace(folder, str(REPOSITORY / folder))
    env = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")}
    env["PYTHONPATH"] = str(REPOSITORY)
    done = subprocess.run(["bash", "-ec", script], cwd=directory, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


async def test_the_first_complaint_of_the_readme_is_received_explained_and_answered(tmp_path: Path) -> None:
    first, look, rehearse, stories, evidence = BLOCK.findall((REPOSITORY / "README.md").read_text())
    with an_up(tmp_path / "amends-data") as up:
        number = await _first_complaint(up, tmp_path, first, look)
        shown = await asyncio.to_thread(run, evidence.replace("C…", number), tmp_path)
    assert ("完好" in shown, "未发现违规" in shown, "摘要" in shown) == (True, True, True)
    assert (tmp_path / "complaints.xlsx").read_bytes().startswith(b"PK")
    assert '"complaint.escalated"' in await asyncio.to_thread(run, rehearse, tmp_path)
    told = await asyncio.to_thread(run, stories, tmp_path)
    assert '"complaint.archived"' in told
    assert '"complaint.refund_paid"' in told


async def _first_complaint(up: Up, directory: Path, first: str, look: str) -> str:
    """Its number, after it was received, explained and answered."""
    await up.start()
    found = NUMBER.search(await asyncio.to_thread(run, first, directory))
    assert found is not None
    shown = await asyncio.to_thread(run, look.replace("C…", found.group()), directory)
    assert "受理投诉" in shown
    assert "S004-1.3" in shown
    assert "complaint.replied" in shown
    assert "2026-03-03 09:05" in shown
    return found.group()
