"""Export once for every step that changes a name in the releases' folder, killed just before that step.

    python crash_points.py OUT MODEL FIRST STRIDE

Each export is a forked process that counts Python's own audit events and kills itself, so that every point is met, and
met by the real code. OUT is put back to what it was between two of them, beside itself, as OUT-<step>, for the test to
look at; the last one lives.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

from extract.console import ProgressDisplay
from extract.errors import InfluxError
from extract.release.export import export
from extract.settings import find_project

STEPS = ("os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chmod", "os.truncate")


def main() -> None:
    out, model, first, stride = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    step = first
    while True:
        copy = out.with_name(f"{out.name}-{step}")
        shutil.copytree(out, copy, symlinks=True)
        child = os.fork()
        if child == 0:
            _export(copy, model, step)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.WEXITSTATUS(status))
        step += stride


def _export(out: Path, model: str, killed_at: int) -> None:
    steps = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if (event in STEPS or writes) and str(out) in str(arguments):
            steps += 1
            if steps == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    try:
        export(
            find_project(), out=out, model=model, force=True, display=ProgressDisplay(quiet=True)
        )
    except InfluxError as error:
        print(error, file=sys.stderr)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
