"""A sound history of one model on a branch in memory: records, and the documents that Headway writes beside them."""

from collections.abc import Iterable

import msgspec
from tests.fakes.branch import Branch
from tests.fakes.signing import MemorySigning

from headway.evidence.document import read_document
from headway.evidence.measurement import Measurement
from headway.evidence.proof import Asked, Outside
from headway.evidence.record import Judged, Locked, Released, Signers, Subject, Trained
from headway.evidence.verdict import Answer, Verdict
from headway.evidence.vsa import ReleaseClaim, release_statement
from headway.spec.digest import digest_of
from headway.spec.lock import Lock, LockSpec
from headway.spec.metadata import API_VERSION, Metadata
from headway.spec.project import Rights
from headway.spec.release import Release, ReleaseSpec, Served

ROOT = MemorySigning("root")
TRAINER = MemorySigning("trainer")
DECIDER = MemorySigning("decider")
PERSON = MemorySigning("person")

LISTED = Signers(
    signers=(
        ROOT.listed(),
        TRAINER.listed(Rights(train=True)),
        DECIDER.listed(Rights(decide=("production",))),
        PERSON.listed(Rights(approve=("production",))),
    )
)
ONE = Served(version="1.0.0", bundle="1" * 64)
TWO = Served(version="1.1.0", bundle="2" * 64)
GATES = frozenset({"scan", "auc"})


def outside(
    gates: frozenset[str] | None = GATES,
    *,
    approval: bool = False,
    approve_at: tuple[float, ...] = (),
    stored: str | None = "",
) -> Outside:
    """What main asks for, the same in every tree (None: no tree can be read)."""
    asked = None if gates is None else Asked(verdicts=gates, approval=approval, approve_at=approve_at)
    return Outside(
        release=lambda data: read_document(data, Release).spec,
        lock=lambda data: digest_of(read_document(data, Lock).spec),
        asked=lambda _main, _model, _environment: asked,
        bytes_of=lambda _bundle: stored,
    )


def verdicts(*names: str, answer: Answer = Answer.PASS) -> tuple[Verdict, ...]:
    return tuple(Verdict(name=name, rule=f"{name}/1", inputs={}, answer=answer) for name in names)


def lock(branch: Branch, signer: MemorySigning = TRAINER) -> None:
    spec = LockSpec(sources=(), train=(), test=(), split=str(branch.clock))
    document = Lock(apiVersion=API_VERSION, metadata=Metadata(name="delay"), spec=spec)
    seen = Locked(lock=digest_of(spec), train="t", test="u", files=0, train_rows=2, test_rows=1, cause="first")
    branch.write(
        signer, seen, subject=Subject(model="delay"), files={"locks/delay.yaml": msgspec.yaml.encode(document)}
    )


def train(branch: Branch, served: Served, signer: MemorySigning = TRAINER) -> None:
    seen = Trained(recipe=served.version, train="t", cause="commit", steps=(), outcome="ok")
    branch.write(signer, seen, subject=Subject(model="delay", version=served.version, bundle=served.bundle))


def judge(
    branch: Branch,
    served: Served,
    signer: MemorySigning = DECIDER,
    *,
    said: tuple[Verdict, ...] | None = None,
    passed: bool = True,
) -> None:
    seen = Judged(wish="w", lock="u", over=None, passed=passed, measurement=Measurement(bundle=served.bundle, test="u"))
    branch.write(
        signer,
        seen,
        subject=Subject(model="delay", version=served.version, bundle=served.bundle, environment="production"),
        verdicts=verdicts("scan", "auc") if said is None else said,
    )


def release(
    branch: Branch,
    how: str,
    stable: Served | None,
    candidate: Served | None = None,
    signer: MemorySigning = DECIDER,
    *,
    also: tuple[Served, ...] = (),
) -> None:
    over = stable if candidate else None
    spec = ReleaseSpec(
        environment="production",
        stable=stable,
        candidate=candidate,
        also=also,
        over=over,
        retired=how == "retired",
    )
    document = Release(apiVersion=API_VERSION, metadata=Metadata(name="delay"), spec=spec)
    files: dict[str, bytes | None] = {"releases/production/delay.yaml": msgspec.yaml.encode(document)}
    for served in filter(None, (stable, candidate, *also)):
        claim = ReleaseClaim(
            model="delay",
            version=served.version,
            bundle=served.bundle,
            environment="production",
            policy="p",
            signer=signer.name,
            at="2026-01-01T00:00:00Z",
        )
        path = f"releases/production/delay-{served.version}.dsse.json"
        files[path] = release_statement(claim, signer.sign)
    spoken = candidate or stable
    branch.write(
        signer,
        Released(how=how, stable=stable, candidate=candidate, also=also, over=over),  # type: ignore[arg-type]
        subject=Subject(
            model="delay",
            version=spoken.version if spoken else "",
            bundle=spoken.bundle if spoken else "",
            environment="production",
        ),
        files=files,
    )


def sound(seed: str = "", *, main: str = "a" * 40, gates: Iterable[str] = ("scan", "auc")) -> Branch:
    """Signers, a lock, 1.0.0 released, 1.1.0 rolled out and promoted; another seed makes other keys."""
    said = verdicts(*gates)
    by = {name: MemorySigning(name, seed) for name in ("root", "trainer", "decider", "person")}
    branch = Branch(main=main)
    listed = Signers(signers=tuple(by[row.name].listed(row.may) for row in LISTED.signers))
    branch.write(by["root"], listed)
    lock(branch, by["trainer"])
    train(branch, ONE, by["trainer"])
    judge(branch, ONE, by["decider"], said=said)
    release(branch, "direct", ONE, signer=by["decider"])
    train(branch, TWO, by["trainer"])
    judge(branch, TWO, by["decider"], said=said)
    release(branch, "started", ONE, TWO, by["decider"])
    release(branch, "promoted", TWO, signer=by["decider"])
    return branch
