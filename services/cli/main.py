"""The commands put together, and what each failure means for the exit code."""

import os
import sys
import traceback
from collections.abc import Callable

import httpx
import nats.errors
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from typer._click.exceptions import ClickException  # Typer has no public name for it
from typer.rich_utils import rich_format_error

from events.catalogue import UnknownFact
from events.dead_letters import NoSuchDeadLetter
from events.envelope import BrokenHistory
from events.keyring import KeysUnavailable, WrongMasterKey
from events.ledger import LedgerUnavailable
from events.stores import WeakDurability
from events.streams import StreamsDiffer
from policy.document import InvalidPolicy
from policy.people.organisation import InvalidOrganisation
from policy.registry import AlreadyPublished, NothingPublished, UnknownPolicy
from services.cli import (
    audit,
    bench,
    bundles,
    complaints,
    conformance,
    dead,
    exporting,
    importing,
    knowledge,
    policies,
    privacy,
    run,
    sealing,
    whatif,
)
from services.cli.entry import INTERRUPTED
from services.cli.failures import told, wants_traceback
from services.cli.output import BAD_INPUT, FOUND, REFUSED, UNAVAILABLE, StdoutFailed, configure_logs, err, flush
from services.cli.place import NotAllowed, NotFound, NotRunning
from services.compliance.destination import NoFolder, Occupied
from services.compliance.evidence.bundle import NoComplaint
from services.compliance.evidence.bundle_file import OtherAttachment
from services.compliance.evidence.bundle_proofs import NotSealed
from services.compliance.replay.histories import ShareFailed
from services.compliance.replay.knowledge import NoSuchAct
from services.compliance.replay.portability import NotPortable
from services.compliance.replay.replaying import UnknownType
from services.compliance.seal.seal_store import SealStoreAway
from services.compliance.verification.ledger_reading import Unreadable
from services.compliance.verification.verifier import Refused
from services.intake.csv_rows import InvalidFile
from services.intake.mapping import InvalidMapping
from services.intake.submission import InvalidSubmission
from services.wiring.commands import UnknownCommand
from services.wiring.keys import NoMasterKey, OtherKeys
from services.wiring.rehearsal import InvalidScript
from services.wiring.store import InUse, NoInstallation

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Amends: 客户投诉台账 / complaints from the first word to the archived case.",
)
for part in (
    run,
    complaints,
    importing,
    exporting,
    audit,
    bench,
    whatif,
    knowledge,
    privacy,
    bundles,
    conformance,
    sealing,
):
    part.register(app)
app.add_typer(dead.app, name="dead")
app.add_typer(policies.app, name="policy")

BAD = (
    InvalidSubmission,
    InvalidMapping,
    InvalidFile,
    InvalidScript,
    InvalidPolicy,
    InvalidOrganisation,
    AlreadyPublished,
    UnknownCommand,
    NoSuchAct,
    UnknownType,
    NoSuchDeadLetter,
    NotFound,
    NotPortable,
    Occupied,
    NoFolder,
    NoComplaint,
    OtherAttachment,
    Refused,
    ValidationError,
    SettingsError,
    UnicodeDecodeError,
)
AWAY = (
    Unreadable,
    SealStoreAway,
    ShareFailed,
    UnknownFact,
    LedgerUnavailable,
    NoInstallation,
    InUse,
    NotRunning,
    NotSealed,
    NothingPublished,
    UnknownPolicy,
    KeysUnavailable,
    WrongMasterKey,
    NoMasterKey,
    OtherKeys,
    WeakDurability,
    StreamsDiffer,
    nats.errors.Error,
    httpx.TransportError,
    TimeoutError,
    OSError,
    StdoutFailed,
)


CODES = ((BAD, BAD_INPUT), (NotAllowed, REFUSED), (BrokenHistory, FOUND), (AWAY, UNAVAILABLE))
"""What ended a command -> its exit code; the first that fits."""


def main() -> None:
    """Run one command; known failures end with their code and a sentence, never with a traceback."""
    if not os.environ.get("AMENDS_DATA", "unset"):
        del os.environ["AMENDS_DATA"]  # empty is unset: it must not name the working directory
    configure_logs(as_json=False)
    code = _code(_run)
    end = _code(flush)
    if code or end:
        _leave_stdout()
    sys.exit(code or end)


def _run() -> int:
    """The command's exit code; outside Typer's own handling, which ends with 1 when the reader has gone."""
    try:
        return app(standalone_mode=False) or 0
    except typer.Abort:
        err.print("已中止 / aborted")
        return INTERRUPTED
    except ClickException as usage:
        rich_format_error(usage)
        return usage.exit_code
    finally:
        sys.stderr.flush()


def _code(step: Callable[[], int | None]) -> int:
    """The exit code of a step, its failure told."""
    try:
        return step() or 0
    except BrokenPipeError:
        _leave_stdout()  # the reader, `head` for instance, has seen enough
        return 0
    except Exception as failure:  # catch-all: a traceback helps nobody at a terminal
        code = next((code for kinds, code in CODES if isinstance(failure, kinds)), None)
        return _unexpected(failure) if code is None else _tell(code, failure)


def _unexpected(failure: Exception) -> int:
    if wants_traceback():
        traceback.print_exception(failure)
    err.print(f"内部错误 / internal error: {_one_line(failure)}", markup=False, highlight=False)
    return UNAVAILABLE


def _one_line(unexpected: Exception) -> str:
    return " ".join(f"{type(unexpected).__name__}: {unexpected}".split())


def _leave_stdout() -> None:
    """What is still in its buffer goes nowhere: the interpreter would fail on it once more at its end."""
    try:
        flush()
    except (BrokenPipeError, StdoutFailed):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(code: int, failure: BaseException) -> int:
    if wants_traceback():
        traceback.print_exception(failure)
    err.print(told(failure), markup=False, highlight=False)
    return code


if __name__ == "__main__":
    main()
