"""Where `amends` begins: Ctrl-C ends it without a traceback also while its parts are being loaded."""

import sys

INTERRUPTED = 130
"""What a shell expects of a command ended by Ctrl-C."""


def main() -> None:
    """Load the commands, which takes a second or two, and run one."""
    try:
        from services.cli.main import main as run

        run()
    except KeyboardInterrupt:
        print("已中止 / aborted", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
