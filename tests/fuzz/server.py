"""Fuzzes conversation.py with atheris, until something is found or the time is over.

    pip install atheris
    python -m tests.fuzz.server CORPUS [options of libFuzzer, such as -max_total_time=600]

What it finds is kept in test_conversation.py.
"""

import sys
from pathlib import Path


def main(corpus: Path, *options: str) -> None:
    """Fuzz from the seeds on; the corpus is kept in its folder."""
    import atheris  # noqa: PLC0415 - no dependency of the project; the tests import every module

    with atheris.instrument_imports(include=["headway.serve", "tests.fuzz"]):
        from tests.fuzz.conversation import hold  # noqa: PLC0415 - the reason is the line above
        from tests.fuzz.seeds import SEEDS  # noqa: PLC0415 - the same

    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), "-max_len=4000", "-len_control=0", *options], hold)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
