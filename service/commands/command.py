"""What every command is given and adds itself to."""

import argparse
import sys
from collections.abc import Callable, Mapping

Write = Callable[[str], object]
Command = Callable[[argparse.Namespace, Mapping[str, str], Write], int]


class Commands:
    """The commands known so far."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._known = parser.add_subparsers(metavar="command", required=True)

    def add(self, name: str, command: Command, about: str) -> argparse.ArgumentParser:
        """Add a command and return its parser, for its own arguments."""
        made = self._known.add_parser(name, help=about, description=about)
        made.set_defaults(command=command)
        return made


def add_clinic(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a command be told which clinic it works for, and return its parser."""
    parser.add_argument(
        "--clinic", metavar="NAME", help="which clinic, where ALLIANCE_CONFIG describes several"
    )
    return parser


def say(text: str) -> None:
    """Write to standard output at once: what runs for weeks must not keep its first words in a buffer."""
    sys.stdout.write(text)
    sys.stdout.flush()
