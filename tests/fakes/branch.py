"""A branch headway in memory: signed records in commits, and the ways in which an attacker can change them."""

from collections.abc import Mapping

import msgspec
from tests.fakes.signing import MemorySigning

from headway.evidence.chain import path_of
from headway.evidence.envelope import seal
from headway.evidence.ledger import Ledger, entries_of, fold
from headway.evidence.proof import Written
from headway.evidence.record import Record, Seen, Signers, Subject
from headway.evidence.verdict import Verdict
from headway.spec.digest import digest
from headway.spec.project import Rights

EVERYTHING = Rights(train=True, approve=("staging", "production"), decide=("staging", "production"))
BOSS = MemorySigning("boss")


class Branch:
    """Commits oldest first, with the ledger folded so far."""

    def __init__(self, *signers: MemorySigning, main: str = "a" * 40) -> None:
        self.main = main
        self.commits: list[Written] = []
        self.ledger = Ledger()
        self.clock = 0
        if signers:
            self.list_signers(signers[0], *signers)

    def list_signers(self, by: MemorySigning, *signers: MemorySigning, threshold: int = 1) -> str:
        """Write a list in which every signer may do everything."""
        listed = tuple(signer.listed(EVERYTHING) for signer in signers)
        return self.write(by, Signers(signers=listed, threshold=threshold))

    def write(
        self,
        by: MemorySigning,
        seen: Seen,
        *,
        subject: Subject | None = None,
        verdicts: tuple[Verdict, ...] = (),
        files: Mapping[str, bytes | None] | None = None,
    ) -> str:
        """Commit one record; its digest."""
        self.clock += 1
        record = Record(
            subject=subject or Subject(),
            at=f"2026-01-01T{self.clock // 3600:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02}Z",
            main=self.main,
            seen=seen,
            verdicts=verdicts,
            signer=by.name,
            previous=self.ledger.heads.get(by.name, ""),
            headway="0",
        )
        data = seal(record, by.sign)
        self.commit({path_of(record, self.ledger.length): data, **(files or {})})
        return digest(data)

    def commit(self, files: Mapping[str, bytes | None]) -> Written:
        """Commit files as they are."""
        parents = (self.commits[-1].id,) if self.commits else ()
        written = written_of(parents, files)
        self.commits.append(written)
        self.ledger = fold(self.ledger, entries_of(self.ledger, written.id, files))
        return written


def written_of(parents: tuple[str, ...], files: Mapping[str, bytes | None]) -> Written:
    """A commit whose id is a digest of what it holds, as Git's is."""
    named = [sorted((path, data and digest(data)) for path, data in files.items()), parents]
    return Written(id=digest(msgspec.json.encode(named))[:40], parents=parents, files=files)


def relinked(commits: list[Written]) -> list[Written]:
    """The same changes as a line of new commits: what Git makes of a rewritten history."""
    line: list[Written] = []
    for commit in commits:
        line.append(written_of((line[-1].id,) if line else (), commit.files))
    return line
