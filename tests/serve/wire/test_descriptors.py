"""How many connections may be open, in processes with limits of their own."""

import subprocess
import sys

import pytest

ASK = (
    "import resource; from headway.serve.wire.descriptors import connections; "
    "print(connections(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
)


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [(256, 512, "384 512"), (256, 5000, "1000 1128"), (2000, 5000, "1000 2000"), (64, 64, "16 64")],
)
def test_as_many_as_wanted_or_as_there_are_descriptors_for(soft: int, hard: int, expected: str) -> None:
    shell = f"ulimit -Sn {soft} && ulimit -Hn {hard} && exec {sys.executable} -c '{ASK}'"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == expected
