"""What must stay absent: imports the wrong way, clocks read in rules, figures in code (style, sections 1, 6, 8)."""

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from faststream import AckPolicy
from faststream.nats import NatsBroker
from importlinter.cli import lint_imports

from events.agenda import BrokerAgenda
from events.answering import answer_commands
from events.attention import Attention, pay_attention
from events.bus import broker as role_broker
from events.subjects import COMMANDS_QUEUE, DURABLES, Role
from events.vocabulary import Service
from services.intake.service import take_submissions
from services.wiring.commands import NAMES
from tests.bdd import Company
from tests.controls import in_the_morning

ROOT = Path(__file__).parents[2]
PACKAGES = ("events", "policy", "services", "deploy")
ALONE = ("intake", "workflow", "notifier", "desk", "compliance")
"""Services that know nothing of each other."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_imports_point_one_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules a file imports, wherever in it."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("service", ALONE)
def test_a_service_imports_no_other(service: str) -> None:
    others = {f"services.{other}" for other in ALONE if other != service} | {"services.wiring", "services.cli"}
    for path in sources(f"services/{service}"):
        found = {".".join(name.split(".")[:2]) for name in imported(path)}
        assert not found & others, name_of(path)


CLOCKS = {"now", "utcnow", "today", "time", "time_ns"}
CHANCE = {"uuid1", "uuid4", "random", "uniform", "choice", "randint", "shuffle", "token_hex", "urandom"}
ALLOWED_CHANCE = {
    ("events/bus.py", "uuid4"): "names one atomic batch on the wire; nothing recorded holds it",
    ("events/delivery.py", "uniform"): "jitter of a retry's delay, so that a crowd does not return at once",
}


def calls_of(path: Path, names: set[str], owners: set[str]) -> set[str]:
    """Which of these functions a file calls, as `module.function` or by its bare name."""
    found = set()
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in names and _owner(node.func) in owners:
            found.add(node.func.attr)
        if isinstance(node.func, ast.Name) and node.func.id in names & CHANCE:
            found.add(node.func.id)
    return found


def _owner(function: ast.Attribute) -> str:
    value = function.value
    return value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""


def test_only_services_clock_asks_what_time_it_is() -> None:
    readers = {name_of(p) for p in sources(*PACKAGES) if calls_of(p, CLOCKS, {"datetime", "date", "time", "dt"})}
    assert readers == {"services/clock.py"}


def test_facts_and_rules_leave_nothing_to_chance() -> None:
    owners = {"uuid", "random", "secrets", "os"}
    found = {(name_of(p), call) for p in sources("events", "policy") for call in calls_of(p, CHANCE, owners)}
    assert found == set(ALLOWED_CHANCE)


REVIEWED_LENGTHS = {
    ("policy/contacting/contact.py", "timedelta(days=1)"): "the next day, when quiet hours end",
    ("policy/timing/explanation.py", "timedelta(microseconds=1)"): "the day a closing instant belongs to",
    ("policy/timing/clocks.py", "timedelta(microseconds=1)"): "the first instant after a limit",
    ("policy/timing/clock_runs.py", "timedelta(days=1)"): "a promised date means the end of that day",
    ("services/workflow/reconcile.py", "timedelta(milliseconds=1)"): "a look comes just after a limit",
    (
        "services/notifier/senders/port.py",
        "timedelta(seconds=30)",
    ): "the longest send; a lease is three of it",
    ("services/intake/submission.py", "timedelta(days=366 * 20)"): "an older date is a mistake of the channel",
    ("services/intake/submission.py", "timedelta(minutes=5)"): "how wrong a channel's clock may be",
    ("services/desk/words.py", "timedelta(seconds=1)"): "a unit to divide by",
    ("services/compliance/whatif/figures.py", "timedelta(seconds=1)"): "a unit to divide by",
    **{
        ("services/compliance/whatif/figures.py", f"timedelta({length})"): "how late missed deadlines are shown"
        for length in ("hours=1", "hours=4", "days=1", "days=3")
    },
    ("services/compliance/whatif/difference.py", "timedelta(minutes=1)"): "services take milliseconds, re-runs none",
    (
        "services/compliance/replay/portability.py",
        "timedelta(minutes=5)",
    ): "by how much two writers' clocks may differ",
    ("services/compliance/replay/replaying.py", "timedelta(minutes=5)"): "by how much two writers' clocks may differ",
    ("services/compliance/conformance/deadlines.py", "timedelta(minutes=1)"): "how late services may look",
    ("services/compliance/conformance/deadlines.py", "timedelta(seconds=1)"): "a unit lengths are told in",
    ("services/compliance/conformance/messages.py", "timedelta(minutes=10)"): "how long a send may stay without an end",
    ("services/desk/disclosures.py", "timedelta(minutes=15)"): "a page that refreshes is one reading (ADR 0019)",
}
"""Lengths of time in code, each with why it is no figure of the handling documents."""
FIGURE = re.compile(r"(?<![\w.])(15m|1h|2h|3h|4h|24h|48h|5wd|3d|21:00|9:00|09:00)(?![\w])")
RULES = ("policy", "services/workflow", "services/notifier")


def lengths(path: Path) -> Iterator[str]:
    """`timedelta(...)` with a number other than nought in it."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "timedelta":
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            literals = [v for v in values if not any(isinstance(n, ast.Name | ast.Call) for n in ast.walk(v))]
            if any(isinstance(n, ast.Constant) and n.value for v in literals for n in ast.walk(v)):
                yield ast.unparse(node)


def test_every_length_of_time_in_code_was_looked_at_and_has_a_reason() -> None:
    deciding = [path for path in sources("policy", "services") if path.parent.name != "bench"]  # it only measures
    found = {(name_of(path), length) for path in deciding for length in lengths(path)}
    assert found <= set(REVIEWED_LENGTHS)
    assert {key for key in REVIEWED_LENGTHS if key[0].startswith("policy")} <= found


def spoken_strings(tree: ast.Module) -> Iterator[str]:
    """Strings the code works with: neither docstrings nor examples in an error message."""
    skipped = {id(n) for r in ast.walk(tree) if isinstance(r, ast.Raise) for n in ast.walk(r)}
    skipped |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def test_no_figure_of_the_handling_documents_is_written_into_a_rule() -> None:
    for path in sources(*RULES):
        tree = parsed(path)
        assert not [text for text in spoken_strings(tree) if FIGURE.search(text)], name_of(path)
        numbers = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, int)}
        assert not numbers & {15, 48}, name_of(path)


async def brokers() -> list[NatsBroker]:
    """Every service's broker with its subscribers, not connected."""
    company = Company(in_the_morning())
    found = []
    for role, service, look in (
        (Role.INTAKE, Service.INTAKE, company.linking.look),
        (Role.WORKFLOW, Service.WORKFLOW, company.workflow.look),
        (Role.NOTIFIER, Service.NOTIFIER, company.notifier.look),
    ):
        own = role_broker("nats://127.0.0.1:1", role, lambda: True)
        agenda: BrokerAgenda = object()  # type: ignore[assignment]  # nobody looks
        pay_attention(Attention(service, look, agenda, own), service, own)
        answer_commands(own, NAMES, company.commands.perform)
        found.append(own)
    take_submissions(found[0], company.intake, company.clock)
    return found


async def test_every_durable_is_pulled_by_its_service_and_made_by_setup_alone() -> None:
    pulled = [s for own in await brokers() for s in own.subscribers if getattr(s, "stream", None) is not None]
    found = {(s.stream.name, s.config.durable_name) for s in pulled}  # type: ignore[attr-defined]
    assert found == {(durable.stream.value, durable.name) for durable in DURABLES}
    for subscriber in pulled:
        assert subscriber.stream.declare is False  # type: ignore[attr-defined]
        assert subscriber.pull_sub is not None  # type: ignore[attr-defined]


async def test_a_failing_handler_never_terminates_a_message_by_default() -> None:
    for own in await brokers():
        assert own.config.broker_config.ack_policy is AckPolicy.NACK_ON_ERROR
        assert own.subscribers


async def test_commands_are_answered_by_one_of_the_running_workflows() -> None:
    every = [subscriber for own in await brokers() for subscriber in own.subscribers]
    queues = {(str(s.subject.template), s.queue) for s in every if getattr(s, "queue", "")}  # type: ignore[attr-defined]
    assert queues == {(f"commands.{name}", COMMANDS_QUEUE) for name in NAMES}


def test_every_subscriber_is_one_of_these_kinds() -> None:
    kinds = {"**pull(durable", "**pull(nudges", "**pull(due", "command_subject(name", "LEDGER_APPENDED"}
    for path in sources("events", "services"):
        for decorator in re.findall(r"\.subscriber\(([^,)]*)", path.read_text()):
            assert decorator.strip() in kinds, name_of(path)


def requirement_ids() -> set[str]:
    """Every id there is."""
    with (ROOT / "docs" / "requirements.csv").open(encoding="utf-8-sig") as file:
        return {row["id"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("folder", [*PACKAGES, "tests"])
def test_every_requirement_that_is_cited_exists(folder: str) -> None:
    known = requirement_ids()
    texts = [p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".toml") and ".venv" not in p.parts]
    cited = {(name_of(p), id_) for p in texts for id_ in re.findall(r"\bS00[0-4]-\d+\.\d+\b", p.read_text())}
    assert {(path, id_) for path, id_ in cited if id_ not in known} == set()


def test_the_requirements_proven_here_are_named_on_their_tests() -> None:
    marked = re.compile(r"mark\.clause\(\"S00")
    proving = [path.name for path in (ROOT / "tests").rglob("test_*.py") if marked.search(path.read_text())]
    assert {"test_contact.py", "test_ladder.py", "test_workflow.py", "test_intake.py"} <= set(proving)


@pytest.mark.parametrize("path", [p for p in sources(*PACKAGES) if p.name == "__init__.py"], ids=name_of)
def test_a_packages_init_file_is_a_map_of_its_folder_and_nothing_else(path: Path) -> None:
    [docstring] = parsed(path).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(docstring.value, ast.Constant)
    assert isinstance(docstring.value.value, str)


LONGER_THAN_350: dict[str, str] = {
    "services/compliance/verification/verifier.py": "bundles carry it: one file that needs no other (ADR 0015)",
    "deploy/nats_server.py": "one child process with its configuration, ports and orphan; to be split with the machine",
}
"""Files past the size where a file usually holds two ideas (style, section 1), each with its reason."""


@pytest.mark.parametrize("path", [p for p in sources("policy") if p.name == "__init__.py"], ids=name_of)
def test_a_map_names_every_file_of_its_folder_in_one_whole_line(path: Path) -> None:
    docstring = ast.get_docstring(parsed(path)) or ""
    named = dict(line.split(maxsplit=1) for line in docstring.splitlines() if re.match(r"\w+\.py ", line))
    assert set(named) == {each.name for each in path.parent.glob("*.py")} - {"__init__.py"}
    assert [line for line in named.values() if line.endswith((" and", " to", ",", ";"))] == []


def test_a_file_holds_one_idea() -> None:
    long = {name_of(path) for path in sources(*PACKAGES) if len(path.read_text().splitlines()) > 350}
    assert long <= set(LONGER_THAN_350)


def test_no_folder_is_named_for_a_lack_of_ideas() -> None:
    names = {path.stem for path in sources(*PACKAGES)} | {path.parent.name for path in sources(*PACKAGES)}
    assert not names & {"utils", "util", "helpers", "common", "misc", "manager", "managers"}


DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def test_every_module_and_every_public_name_says_what_it_means() -> None:
    for path in sources("events", "policy", "services"):
        tree = parsed(path)
        assert ast.get_docstring(tree), name_of(path)
        for node in tree.body:
            if isinstance(node, DEFINITIONS) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{name_of(path)}: {node.name}"
