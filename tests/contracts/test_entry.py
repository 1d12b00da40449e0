"""The command's first second: it is interrupted as quietly as later."""

import subprocess
import sys

INTERRUPTED_WHILE_LOADING = """
import sys
from services.cli import entry

class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "services.cli.main":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
entry.main()
"""


def test_ctrl_c_while_the_commands_load_leaves_no_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "已中止 / aborted\n")
