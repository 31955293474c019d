"""A review of a real branch: real Git, a real training, a real server that is measured; no key, and none needed."""

from pathlib import Path

import pytest
from tests.adapters.git import repository
from tests.adapters.steps.workshop import HereEnvironment, flights
from tests.fakes.labels import FakeLabels
from tests.fakes.metrics import FakeMetrics
from tests.fakes.runtime import FakeRuntime
from tests.fakes.signing import MemorySigning
from tests.reconcile.town import MemoryClock, NowJobs

from headway.adapters.data.facts import facts
from headway.adapters.data.local import LocalData
from headway.adapters.data.rows import rows
from headway.adapters.git.journal import GitJournal
from headway.adapters.git.source import GitSource
from headway.adapters.measure.assessor import LocalAssessor
from headway.adapters.steps.server import Serving
from headway.adapters.steps.trainer import LocalTrainer
from headway.adapters.store.folder import FolderStore
from headway.app.review.markdown import markdown
from headway.app.review.run import Side, review_sides
from headway.evidence.record import Signers, Subject
from headway.reconcile.book import Book, Draft
from headway.reconcile.memory import Memory
from headway.reconcile.once import once, refresh
from headway.reconcile.ports import Signing
from headway.reconcile.world import World
from headway.spec.project import Rights
from headway.spec.wish import Wish, load_wish

FILES = {
    "headway.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {name: flights}
spec: {environments: [production]}
""",
    "environments/production.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec: {traffic: live}
""",
    "models/delay/model.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: delay}
spec:
  task: {kind: classification, label: late}
  data: {path: data/rows.csv, rows: {leaked_at_most: 100%}}
  train: {run: python train.py, files: [train.py]}
  gates:
    - {metric: auc, at_least: 0.6}
    - {metric: auc, versus: live, worse_by_at_most: 0.05}
    - {signature: compatible}
""",
    "models/delay/requirements.lock": b"scikit-learn==1.9.1\n",
}
PROGRAM = """
import joblib, pandas as pd
from sklearn.linear_model import LogisticRegression

frame = pd.read_csv("data/rows.csv")
joblib.dump(LogisticRegression(max_iter=200).fit(frame[{names}], frame["late"]), "model.joblib")
"""


class Team:
    """A repository on disk, the ports of `headway up` over it, and a loop that has settled."""

    def __init__(self, place: Path) -> None:
        self.repo = repository.make(place / "repo")
        data = self.repo / "models/delay/data"
        data.mkdir(parents=True)
        flights(1500).to_csv(data / "rows.csv", index=False)
        self.commit('["distance"]')
        self.source = GitSource(self.repo, environ=repository.ENVIRON)
        self.world = self._world(place)
        self.key = MemorySigning("ada")
        rights = Rights(train=True, decide=("production",))
        draft = Draft(subject=Subject(), seen=Signers(signers=(self.key.listed(rights),)))
        self.memory(self.key).book.write([draft], main="", subject="List the signers")

    def commit(self, names: str) -> str:
        """Commit a program that learns from these columns."""
        return repository.commit(self.repo, {**FILES, "models/delay/train.py": PROGRAM.format(names=names).encode()})

    def memory(self, signing: Signing | None) -> Memory:
        """A process that starts, with or without a key."""
        return Memory(
            book=Book(self.world.journal, signing, self.world.clock),
            jobs=NowJobs(),
            read_wish=self.wish,
            read_reference=lambda _bundle: None,
        )

    def wish(self, commit: str) -> Wish:
        """The wish at a commit."""
        files = self.source.files(commit)
        return load_wish(self.source.read(commit, [path for path in files if path.endswith(".yaml")]), set(files))

    def side(self, commit: str) -> Side:
        """A commit as a side of a review."""
        return Side(name=commit, source=self.source, commit=commit, wish=self.wish(commit))

    def _world(self, place: Path) -> World:
        store, here = FolderStore(place / "store"), HereEnvironment(place / "cache", {})
        work = place / "work"
        return World(
            source=self.source,
            journal=GitJournal(self.repo, environ=repository.ENVIRON),
            store=store,
            data=LocalData(self.repo, store, place / "digests.db"),
            trainer=LocalTrainer(store, here, work=work, cache=place / "steps", environ={}, rows=rows),
            assessor=LocalAssessor(store=store, serving=Serving(environments=here), rows=rows, facts=facts, work=work),
            runtime=FakeRuntime(),
            labels=FakeLabels(),
            metrics=FakeMetrics(),
            clock=MemoryClock(),
            look_s=0.1,
            fetch_s=0.0,
        )


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_a_branch_is_reviewed_against_the_live_version_without_a_key(tmp_path: Path) -> None:
    team = Team(tmp_path)
    memory = team.memory(team.key)
    lines = [line for _ in range(4) for line in once(team.world, memory).lines]
    assert memory.book.ledger.model("delay").standing.get("production"), lines

    main = team.source.resolve("main")
    repository.git(team.repo, "checkout", "-q", "-b", "feature")
    change = team.commit('["distance", "temp"]')
    record = repository.git(team.repo, "rev-parse", "headway")
    keyless = team.memory(None)
    refresh(team.world, keyless)
    keyless.main = main
    found = review_sides(team.world, keyless, before=team.side(main), after=team.side(change))

    (model,) = found.models
    assert model.subject
    assert (model.outcome, model.subject.version, model.subject.live) == ("passes", "1.1.0", "1.0.0")
    assert model.signature == ("input temp is new: float64, may be left out",)
    (score,) = model.scores
    assert score.live
    assert score.gain
    assert score.gain[0] == pytest.approx(score.new[0] - score.live[0])
    assert score.gain[1] < score.gain[0] < score.gain[2]
    assert "**delay** 1.1.0 (minor) passes its gates" in markdown(found)
    assert repository.git(team.repo, "rev-parse", "headway") == record
