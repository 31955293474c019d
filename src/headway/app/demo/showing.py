"""A showing of the demo from its first line to its last process: whatever happens, all that it started ends."""

import shutil
import signal
from pathlib import Path
from types import FrameType

import msgspec

from headway.app.demo.scene import Scene, StepReport
from headway.app.demo.setup import make_folder
from headway.app.demo.story import sum_up, tell
from headway.app.errors import RefusedError
from headway.app.settings import Settings

__all__ = ["show_all"]

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def show_all(settings: Settings, folder: Path | None, *, keep: bool, report: Path | None) -> None:
    """The whole demo in a folder (None: one of its own); RefusedError when a step does not come to its end.

    With `keep` the repository and what serves stay; `report` is a file for what each step came to.
    """
    if report and not report.absolute().parent.is_dir():
        raise RefusedError(f"{report} cannot be written: there is no folder {report.absolute().parent}.")
    for number in ENDINGS:
        signal.signal(number, _interrupt)
    scene = Scene(make_folder(settings, folder, keep=keep))
    scene.say(f"The demo works in {scene.folder}.")
    scene.say("Ctrl-C ends it and all that it started; if it is killed, this ends what is left:")
    scene.say(f"headway down --repo {scene.repo}")
    try:
        steps: list[StepReport] = []
        for step in tell(scene):
            steps.append(step)
            if report:
                report.write_bytes(msgspec.json.format(msgspec.json.encode({"steps": steps}), indent=2))
        sum_up(scene)
    finally:
        _end(scene, keep=keep, own=folder is None)
    if keep:
        scene.say(f"\nThe repository is {scene.repo}; `headway down` there ends what still serves,")
        scene.say(f"`HEADWAY_CONFIG={scene.folder / 'config'} headway up` goes on with the demo's key.")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(scene: Scene, *, keep: bool, own: bool) -> None:
    """End what was started, whoever presses Ctrl-C meanwhile, and remove a folder that nobody asked for."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    if not keep:
        scene.say("\nEnding what the demo started ...")
    scene.end(keep=keep)
    if own and not keep:
        shutil.rmtree(scene.folder, ignore_errors=True)
