"""The set-up of the demo: its training environment, built once and kept in the cache, with a network."""

from headway.app.demo.files import program
from headway.app.demo.scene import Scene

__all__ = ["prepare"]


def prepare(scene: Scene) -> None:
    """Build the environment that the demo's programs train in, unless it is there."""
    from headway.app.settings import read_settings
    from headway.app.wiring import training_environment

    scene.say("Setting up the training environment (once; wheels are fetched) ...")
    training_environment(read_settings(), program("requirements.lock").encode())
