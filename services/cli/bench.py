"""`amends bench accept|flow|replay|evidence|timers|all`: figures beside the same run's raw limits (docs/bench.md)."""

import logging
from collections.abc import Coroutine
from typing import Annotated, Any, get_args

import structlog
import typer
import uvloop

from services.bench import accept as accepting
from services.bench import evidence as proving
from services.bench import flow as flowing
from services.bench import replay as replaying
from services.bench import timers as timing
from services.bench.figures import Report, markdown
from services.bench.place import StoreKind
from services.cli.output import BAD_INPUT, configure_logs, emit, fail, flush

Store = Annotated[StoreKind, typer.Option("--store", help="台账存储 / where the ledger lives.")]
Rounds = Annotated[int, typer.Option("--rounds", help="轮数(交替进行)/ interleaved rounds.", min=1)]
Markdown = Annotated[bool, typer.Option("--markdown", help="docs/bench.md 的表 / the table.")]
Json = Annotated[bool, typer.Option("--json", help="总是输出 JSON / JSON is printed anyway.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    bench = typer.Typer(
        no_args_is_help=True,
        help="性能测量:与同一次运行中的裸极限并列 / measure, beside the raw limits of the same run.",
    )
    for command in (accept, flow, replay, evidence, timers):
        bench.command()(command)
    bench.command("all")(every)
    app.add_typer(bench, name="bench")


def accept(
    store: Store = "sqlite",
    complaints: Annotated[int, typer.Option(help="每轮投诉数 / complaints a round.", min=64)] = 4_000,
    submitters: Annotated[int, typer.Option(help="并发提交者 / submitters at the same time.", min=1)] = 64,
    rounds: Rounds = 7,
    as_json: Json = True,
) -> None:
    """Submissions over HTTP, a receipt only after the commit."""
    _run(accepting.accept(store, complaints=complaints, submitters=submitters, rounds=rounds))


def flow(
    store: Store = "sqlite",
    complaints: Annotated[int, typer.Option(help="每轮投诉数 / complaints a round.", min=1)] = 3_000,
    rounds: Rounds = 5,
    light: Annotated[bool, typer.Option("--light", help="轻载时延 / latency, one complaint at a time.")] = False,
    growth: Annotated[bool, typer.Option("--growth", help="台账增大后的成本 / cost as the ledger grows.")] = False,
    small: Annotated[int, typer.Option(help="--growth: 小台账 / complaints in the small ledger.", min=1)] = 10_000,
    large: Annotated[int, typer.Option(help="--growth: 大台账 / complaints in the large ledger.", min=1)] = 200_000,
    as_json: Json = True,
) -> None:
    """Received, classified, assigned, acknowledged, through all services."""
    if light and growth:
        raise fail(BAD_INPUT, "--light 与 --growth 二选一 / choose one of --light and --growth")
    if light:
        _run(flowing.light(store, complaints=min(complaints, 200)))
    elif growth:
        _run(flowing.growth(store, small=small, large=large, rounds=rounds))
    else:
        _run(flowing.flow(store, complaints=complaints, rounds=rounds))


def replay(
    store: Store = "sqlite",
    complaints: Annotated[int, typer.Option(help="台账中的投诉 / complaints in the ledger.", min=1)] = 20_000,
    rounds: Rounds = 5,
    as_json: Json = True,
) -> None:
    """Reading and folding the whole ledger."""
    _run(replaying.replay(store, complaints=complaints, rounds=rounds))


def evidence(
    store: Store = "sqlite",
    sizes: Annotated[
        str, typer.Option("--events", help="各台账的事件数 / events in each ledger, `10000,100000,1000000`.")
    ] = "10000,100000",
    rounds: Rounds = 3,
    as_markdown: Markdown = False,
    as_json: Json = True,
) -> None:
    """Replay with fold and verification, verify, check, a bundle, and how they grow."""
    try:
        numbers = [int(size) for size in sizes.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise fail(BAD_INPUT, "--events 是以逗号分隔的正整数 / --events takes whole numbers separated by commas")
    _run(proving.evidence(store, sizes=numbers, rounds=rounds), as_markdown=as_markdown)


def timers(
    store: Store = "sqlite",
    pending: Annotated[int, typer.Option(help="未到期的定时 / timers pending.", min=1)] = 100_000,
    burst: Annotated[int, typer.Option(help="同时到期的定时 / timers due at once.", min=1)] = 20_000,
    rounds: Rounds = 7,
    as_json: Json = True,
) -> None:
    """Pending timers beside none, and a burst of due ones."""
    _run(timing.timers(store, pending=pending, burst=burst, rounds=rounds))


def every(
    as_markdown: Markdown = False,
    quick: Annotated[bool, typer.Option("--quick", help="小规模试跑 / small sizes, to see that it works.")] = False,
) -> None:
    """Everything on both stores; about fifteen minutes."""
    _quiet()
    reports = []
    for kind in get_args(StoreKind):
        for measuring in _everything(kind, part=20 if quick else 1):
            report = uvloop.run(measuring)
            reports.append(report)
            if not as_markdown:
                emit(report.as_json())
                flush()
    if as_markdown:
        typer.echo(markdown(reports))


def _everything(kind: StoreKind, part: int) -> list[Coroutine[Any, Any, Report]]:
    return [
        accepting.accept(kind, complaints=4_000 // part, submitters=64, rounds=7),
        flowing.flow(kind, complaints=3_000 // part, rounds=5),
        flowing.light(kind, complaints=200 // part),
        flowing.growth(kind, small=10_000 // part, large=200_000 // part, rounds=9),
        replaying.replay(kind, complaints=20_000 // part, rounds=5),
        proving.evidence(kind, sizes=[10_000 // part, 100_000 // part], rounds=3),
        timing.timers(kind, pending=100_000 // part, burst=20_000 // part, rounds=7),
    ]


def _quiet() -> None:
    """Nothing but errors, on stderr."""
    configure_logs(as_json=False)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def _run(measuring: Coroutine[Any, Any, Report], *, as_markdown: bool = False) -> None:
    _quiet()
    report = uvloop.run(measuring)
    if as_markdown:
        typer.echo(markdown([report]))
    else:
        emit(report.as_json())
