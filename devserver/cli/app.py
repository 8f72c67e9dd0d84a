"""The commands of `otel-tracking`, each in a module of its own that is imported when the command is called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from devserver.cli.complaints import INTERRUPTED, complain, exit_code_of, sentence_of
from devserver.cli.streams import ready_streams, say, tell_once
from otel_tracking.extras import Extra, MissingExtra, extra_of

COMMANDS = {
    "run": "Run a pipeline on a prompt, watch it, and keep its record.",
    "serve": "Open the DevServer in the browser: start runs, watch them, take them home.",
    "configs": "List the pipelines that can be run, and what they need.",
    "list": "List the runs that are stored, latest first.",
    "show": "Show one run: its texts hop by hop, or its tree of spans.",
    "ask": "Ask the stored runs, or a dataset, in SQL.",
    "mark": "Mark runs as tests, as excluded, or with a note.",
    "annotate": "Say of runs what a code book of your own asks for.",
    "diff": "Say what differs between two runs.",
    "replay": "Send what a run passed to its backends once more, and compare.",
    "export": "Write runs as documents, for example JSON.",
    "bundle": "Write many runs as one file: a project for qualitative analysis, texts for coding.",
    "dataset": "Write runs as a dataset that can be cited.",
    "verify": "Check that records are complete and their media unchanged.",
    "recover": "Write the records of runs whose process died.",
    "collect": "Take traces from other processes and keep their records.",
    "outbox": "Show what waits for a research programme, and send it now.",
    "send": "Send stored runs to a research programme.",
    "compact": "Join the many small files of past days into few.",
    "erase": "Erase runs, or everything of somebody, for good.",
    "import": "Take over runs that an earlier tracker or recorder wrote.",
    "study": "Make studies, and change what they promise.",
    "consent": "Keep who said yes to a study, and who no longer does.",
    "retain": "Erase the runs that are past their study's time.",
}
"""Name and one line of help. `import` lives in `devserver/cli/commands/import_command.py`, and so on."""

NEEDS = {"run": "pipelines", "configs": "pipelines", "replay": "pipelines", "serve": "server", "collect": "server"}
"""The extra without which a command cannot even begin; the others need `cli` alone."""


class CommandLine(click.Group):
    """A group that loads a command when it is named, and ends every failure with one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in NEEDS:
            Extra(NEEDS[cmd_name], f"'otel-tracking {cmd_name}' needs").check()
        command: click.Command = importlib.import_module(f"devserver.cli.commands.{cmd_name}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(  # type: ignore[override]  # always ends the process: click's other mode is for embedding
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run one command and exit: 0 done, 1 failed, 2 bad arguments, 130 stopped with Ctrl-C."""
        ready_streams()
        tell_once()
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            _mute_stdout()
            code = INTERRUPTED
        except (KeyboardInterrupt, click.Abort):
            complain("stopped")
            code = INTERRUPTED
        except click.exceptions.NoArgsIsHelpError as error:
            say(error.format_message(), err=True)
            code = error.exit_code
        except Exception as error:
            if os.environ.get("OTEL_TRACKING_DEBUG"):
                raise
            trouble = _in_our_words(error)
            complain(sentence_of(trouble))
            code = exit_code_of(trouble)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    cls=CommandLine,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: otel-tracking run stillepost 'Eine Blume auf der Wiese'",
)
@click.version_option(package_name="otel-tracking", message="otel-tracking %(version)s")
def command_line() -> None:
    """Run generative-art pipelines and keep a complete record of everything they did.

    Every run becomes one record: each text it passed through, each parameter a backend was given, each image it
    made. Records are stored as Parquet files in the data directory (./data unless --data says otherwise).
    """


def _in_our_words(error: Exception) -> Exception:
    """What to install, where the error is that a library of an extra is not there."""
    extra = extra_of(error) if isinstance(error, ModuleNotFoundError) else None
    return MissingExtra(Extra(extra).sentence, extra) if extra else error


def _mute_stdout() -> None:
    # `| head` has read enough: the interpreter's own flush at the end would complain again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
