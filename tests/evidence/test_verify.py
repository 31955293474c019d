"""Whoever changes the record is found out, with and without a pinned head."""

from dataclasses import replace

import msgspec
import pytest
from msgspec import structs
from tests.fakes.branch import Branch, relinked, written_of
from tests.fakes.history import (
    DECIDER,
    GATES,
    LISTED,
    ONE,
    PERSON,
    ROOT,
    TRAINER,
    TWO,
    judge,
    lock,
    outside,
    release,
    sound,
    train,
    verdicts,
)
from tests.fakes.signing import MemorySigning

from headway.evidence.proof import Pin, Report, Written
from headway.evidence.record import Requested, Signers, Subject
from headway.evidence.verdict import Answer
from headway.evidence.verify import verify
from headway.spec.project import Rights
from headway.spec.release import Served

UNPINNED = Pin()
ROOTED = Pin(signers=LISTED)


def pinned(branch: Branch) -> Pin:
    return Pin(signers=LISTED, head=branch.commits[-1].id)


def check(commits: list[Written], pin: Pin = UNPINNED) -> Report:
    return verify(commits, pin=pin, outside=outside())


def findings(report: Report) -> list[str]:
    return [f"{line.what} | {line.where}" for line in report.lines if line.state == "finding"]


def places(branch: Branch, kind: str) -> list[tuple[int, str]]:
    """Commit and path of each record of a kind."""
    return [
        (at, path)
        for at, commit in enumerate(branch.commits)
        for path in commit.files
        if path.endswith(f"-{kind}.json")
    ]


def with_files(
    commits: list[Written], at: int, changed: dict[str, bytes | None], *, without: str = ""
) -> list[Written]:
    """The history rewritten: one commit's files are others, and every later commit gets a new id."""
    files = {path: data for path, data in commits[at].files.items() if path != without}
    return relinked([*commits[:at], written_of((), {**files, **changed}), *commits[at + 1 :]])


def test_a_sound_history_is_verified() -> None:
    branch = sound()
    report = check(branch.commits, pinned(branch))
    assert findings(report) == []
    assert (report.ok, report.authenticated, report.summary) == (True, True, "verified")
    proven = [line.what for line in report.lines if line.state == "proven"]
    assert proven[0].startswith("9 records")
    assert "delay 1.1.0 in production: trained, judged by auc, scan, released" in proven


def test_unpinned_it_is_consistent_and_no_more() -> None:
    report = check(sound().commits)
    assert (report.ok, report.authenticated, report.summary) == (True, False, "consistent, not authenticated")
    assert report.signers == LISTED


@pytest.mark.parametrize("at_head", [False, True])
@pytest.mark.parametrize("at", range(9))
def test_an_edited_record_is_found(at: int, at_head: bool) -> None:  # noqa: FBT001 - a parameter of the test
    branch = sound()
    (path,) = [path for path in branch.commits[at].files if path.startswith("evidence/")]
    data = branch.commits[at].files[path]
    assert data is not None
    middle = len(data) // 2
    changed = data[:middle] + (b"A" if data[middle : middle + 1] != b"A" else b"B") + data[middle + 1 :]
    history = with_files(branch.commits, at, {path: changed})
    report = check(history, pinned(branch) if at_head else UNPINNED)
    assert any("does not count" in line for line in findings(report))
    assert any("cut off or rewritten" in line for line in findings(report)) == at_head


@pytest.mark.parametrize("data", [b"{}", None])
def test_a_record_edited_or_removed_by_a_later_commit_is_found(data: bytes | None) -> None:
    branch = sound()
    (_, path) = places(branch, "training")[0]
    head = pinned(branch)
    branch.commit({path: data})
    for pin in (UNPINNED, head):
        assert any(f"{path} at" in line for line in findings(check(branch.commits, pin)))


@pytest.mark.parametrize("at_head", [False, True])
@pytest.mark.parametrize("at", range(8))
def test_a_deleted_commit_is_found(at: int, at_head: bool) -> None:  # noqa: FBT001 - a parameter of the test
    branch = sound()
    history = relinked([*branch.commits[:at], *branch.commits[at + 1 :]])
    assert findings(check(history, pinned(branch) if at_head else UNPINNED))


@pytest.mark.parametrize("at_head", [False, True])
@pytest.mark.parametrize("at", range(7))
def test_reordered_commits_are_found(at: int, at_head: bool) -> None:  # noqa: FBT001 - a parameter of the test
    branch = sound()
    swapped = list(branch.commits)
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    report = check(relinked(swapped), pinned(branch) if at_head else UNPINNED)
    assert any("does not count" in line for line in findings(report))


def test_findings_that_follow_from_one_are_not_listed_for_ever() -> None:
    branch = sound()
    for _ in range(40):
        lock(branch)
    report = check(relinked([branch.commits[0], *branch.commits[2:]]))
    assert sum("does not count" in line for line in findings(report)) == 20
    assert any("27 more records do not count" in line for line in findings(report))


def test_commits_that_are_no_line_are_found() -> None:
    branch = sound()
    orphan = written_of((), {"rendered/x": b""})
    assert any("not one line" in line for line in findings(check([*branch.commits, orphan])))


def test_a_cut_off_history_is_found_by_its_pinned_head_only() -> None:
    branch = sound()
    cut = branch.commits[:-1]
    assert any("cut off or rewritten" in line for line in findings(check(cut, pinned(branch))))
    assert check(cut, ROOTED).summary == "verified"
    assert check(cut).summary == "consistent, not authenticated"


def test_a_history_rebuilt_with_other_keys_is_found_by_the_pinned_list() -> None:
    forged = sound(seed="attacker")
    assert any("another history" in line for line in findings(check(forged.commits, ROOTED)))
    report = check(forged.commits)
    assert (findings(report), report.authenticated) == ([], False)


def test_a_history_rebuilt_with_the_same_keys_is_found_by_the_pinned_head() -> None:
    branch = sound()
    other = Branch()
    other.clock = 100
    other.write(ROOT, LISTED)
    lock(other)
    assert check(other.commits, ROOTED).ok
    assert any("cut off or rewritten" in line for line in findings(check(other.commits, pinned(branch))))


def test_a_later_head_than_the_pinned_one_is_fine() -> None:
    branch = sound()
    pin = pinned(branch)
    train(branch, Served(version="1.1.1", bundle="3" * 64))
    assert check(branch.commits, pin).summary == "verified"


@pytest.mark.parametrize("pin", [UNPINNED, ROOTED])
def test_a_signer_without_the_right_is_found(pin: Pin) -> None:
    branch = sound()
    release(branch, "direct", ONE, signer=TRAINER)
    report = findings(check(branch.commits, pin))
    assert any("'trainer' lacks the right `decide: [production]`" in line for line in report)
    assert any("release is not what its record says" in line for line in report)
    assert any("release statement is refused" in line for line in report)


def test_a_revoked_signer_is_found_from_the_record_after_the_last_trusted_one() -> None:
    branch = sound()
    seen = Requested(action="pause")
    about = Subject(model="delay", environment="production")
    trusted = branch.write(PERSON, seen, subject=about)
    revoked = tuple(
        structs.replace(row, revoked_after=trusted) if row.name == "person" else row for row in LISTED.signers
    )
    quiet = list(branch.commits)
    branch.write(PERSON, seen, subject=about)
    stolen = len(branch.commits)
    branch.write(ROOT, Signers(signers=revoked))
    branch.write(PERSON, seen, subject=about)
    pin = Pin(signers=LISTED, head=quiet[-1].id)
    for use in (UNPINNED, pin):
        found = findings(check(branch.commits, use))
        assert len(found) == 2
        assert any(
            f"revoked key of 'person' | evidence/delay/_/{stolen - 1:06d}-request.json" in line for line in found
        )
        assert any("whose key is revoked" in line for line in found)


def test_a_revocation_up_to_the_last_record_voids_nothing() -> None:
    branch = sound()
    trusted = branch.ledger.heads["decider"]
    rows = tuple(
        structs.replace(row, revoked_after=trusted) if row.name == "decider" else row for row in LISTED.signers
    )
    branch.write(ROOT, Signers(signers=(*rows, MemorySigning("next").listed(Rights(decide=("production",))))))
    assert check(branch.commits, ROOTED).summary == "verified"


def test_a_release_that_rests_on_a_revoked_judgement_is_found() -> None:
    branch = sound()
    rows = tuple(structs.replace(row, revoked_after="") if row.name == "decider" else row for row in LISTED.signers)
    branch.write(ROOT, Signers(signers=(*rows, MemorySigning("next").listed(Rights(decide=("production",))))))
    found = findings(check(branch.commits))
    assert any("delay 1.1.0 in production: released without a judgement" in line for line in found)


def test_a_list_of_signers_by_a_stranger_is_found() -> None:
    branch = sound()
    eve = MemorySigning("eve")
    branch.write(eve, Signers(signers=(eve.listed(Rights(train=True)),)))
    assert any("'eve', who is not among the keys" in line for line in findings(check(branch.commits)))


FRESH = Served(version="1.2.0", bundle="4" * 64)


def unfounded(kind: str) -> Branch:
    """A history whose last release lacks something."""
    branch = sound()
    if kind != "no training":
        train(branch, structs.replace(FRESH, bundle="5" * 64) if kind == "other bytes" else FRESH)
    if kind == "failed":
        judge(branch, FRESH, said=verdicts("scan", "auc", answer=Answer.FAIL), passed=False)
    elif kind == "said to have passed":
        judge(branch, FRESH, said=verdicts("scan", "auc", answer=Answer.UNDECIDED))
    elif kind == "no verdicts":
        judge(branch, FRESH, said=())
    elif kind == "one gate":
        judge(branch, FRESH, said=verdicts("scan"))
    elif kind != "no judgement":
        judge(branch, FRESH)
    release(branch, "direct", FRESH)
    return branch


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("no training", "without a training of this bundle"),
        ("other bytes", "without a training of this bundle"),
        ("no judgement", "without a judgement"),
        ("failed", "though its gates did not pass"),
        ("said to have passed", "though its gates did not pass"),
        ("no verdicts", "though its gates did not pass"),
        ("one gate", "without auc, which main aaaaaaaaaaaa asked for"),
    ],
)
def test_a_release_without_its_evidence_is_found(kind: str, said: str) -> None:
    branch = unfounded(kind)
    for pin in (UNPINNED, pinned(branch)):
        assert any(
            f"delay 1.2.0 in production: released {said}" in line for line in findings(check(branch.commits, pin))
        )


def test_each_version_of_an_experiment_needs_its_evidence() -> None:
    beside = Served(version="1.3.0", bundle="6" * 64)
    branch = sound()
    for served in (FRESH, beside):
        train(branch, served)
    judge(branch, FRESH)
    release(branch, "started", TWO, FRESH, also=(beside,))
    found = findings(check(branch.commits))
    assert found[0].startswith("delay 1.3.0 in production: released without a judgement by its gates")
    assert all(line.startswith("delay 1.3.0") for line in found)
    branch = sound()
    for served in (FRESH, beside):
        train(branch, served)
        judge(branch, served)
    release(branch, "started", TWO, FRESH, also=(beside,))
    assert check(branch.commits, ROOTED).summary == "verified"
    release(branch, "promoted", beside)
    assert check(branch.commits, ROOTED).summary == "verified"


def test_a_release_document_that_names_another_version_beside_the_candidate_is_found() -> None:
    branch = sound()
    train(branch, FRESH)
    judge(branch, FRESH)
    release(branch, "started", TWO, FRESH)
    path = "releases/production/delay.yaml"
    document = msgspec.yaml.decode(branch.commits[-1].files[path] or b"")
    document["spec"]["also"] = [{"version": "1.0.0", "bundle": "1" * 64}]
    commits = with_files(branch.commits, -1, {path: msgspec.yaml.encode(document)})
    assert any("the release is not what its record says" in line for line in findings(check(commits)))


def test_a_release_without_evidence_is_found_also_when_it_is_no_longer_in_force() -> None:
    branch = unfounded("no judgement")
    release(branch, "rolled back", TWO)
    assert any("1.2.0 in production: released without a judgement" in line for line in findings(check(branch.commits)))


def test_a_judgement_after_the_release_is_no_ground() -> None:
    branch = unfounded("no judgement")
    judge(branch, FRESH)
    assert any("without a judgement" in line for line in findings(check(branch.commits)))


def test_a_rollback_stands_on_the_grounds_of_its_first_release() -> None:
    branch = sound()
    release(branch, "rolled back", ONE)
    assert check(branch.commits, ROOTED).summary == "verified"


def test_a_rollback_to_what_never_was_released_is_found() -> None:
    branch = sound()
    train(branch, FRESH)
    release(branch, "rolled back", FRESH)
    assert any("is in force, but no release let it in" in line for line in findings(check(branch.commits)))


def test_a_missing_approval_is_found() -> None:
    branch = sound()
    train(branch, FRESH)
    judge(branch, FRESH)
    unapproved = list(branch.commits)
    about = Subject(model="delay", environment="production")
    branch.write(PERSON, Requested(action="approve", to=FRESH.version), subject=about)
    release(branch, "direct", FRESH)
    wants = outside(approval=True)
    assert verify(branch.commits, pin=ROOTED, outside=wants).ok
    late = Branch()
    for commit in unapproved:
        late.commit(commit.files)
    late.clock = branch.clock
    release(late, "direct", FRESH)
    late.write(PERSON, Requested(action="approve", to=FRESH.version), subject=about)
    found = findings(verify(late.commits, pin=ROOTED, outside=wants))
    assert any("without the approval" in line for line in found)


def approve(branch: Branch, weight: float, served: Served = FRESH) -> None:
    about = Subject(model="delay", environment="production", version=served.version, bundle=served.bundle)
    branch.write(PERSON, Requested(action="approve", to=served.version, weight=weight), subject=about)


@pytest.mark.parametrize(
    ("story", "missing"),
    [
        (("approve 50", "start", "approve 100", "promote"), ()),
        (("start", "promote"), ("50", "100")),
        (("start", "approve 50", "promote", "approve 100"), ("100",)),
        (("start", "approve 50", "approve 100", "abort", "start", "promote"), ("50", "100")),
        (("start", "approve 50", "abort", "approve 50", "start", "approve 100", "promote"), ()),
        (("start", "approve 50", "lost", "approve 100", "promote"), ()),
        (("approve another", "start", "approve 100", "promote"), ("50",)),
        (("approve 50", "approve 100", "start"), ()),
    ],
)
def test_a_promotion_without_the_approvals_of_its_try_is_found(
    story: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    branch = sound()
    train(branch, FRESH)
    judge(branch, FRESH)
    told = {
        "start": lambda: release(branch, "started", TWO, FRESH),
        "lost": lambda: release(branch, "started", TWO, FRESH),
        "abort": lambda: release(branch, "aborted", TWO),
        "promote": lambda: release(branch, "promoted", FRESH),
        "approve 50": lambda: approve(branch, 50.0),
        "approve 100": lambda: approve(branch, 100.0),
        "approve another": lambda: approve(branch, 50.0, Served(version=FRESH.version, bundle="9" * 64)),
    }
    for what in story:
        told[what]()
    report = verify(branch.commits, pin=ROOTED, outside=outside(approve_at=(50.0, 100.0)))
    found = [line for line in findings(report) if FRESH.version in line]
    assert len(found) == len(missing)
    for line, step in zip(found, missing, strict=True):
        assert f"promoted without the approval at {step} %, which main aaaaaaaaaaaa asked for" in line


def test_an_approval_of_a_step_is_none_of_a_start() -> None:
    branch = sound()
    train(branch, FRESH)
    judge(branch, FRESH)
    approve(branch, 100.0)
    release(branch, "direct", FRESH)
    found = findings(verify(branch.commits, pin=ROOTED, outside=outside(approval=True)))
    assert any("without the approval that the environment asks for" in line for line in found)


def test_what_main_asks_for_since_is_a_warning() -> None:
    branch = sound()
    asked = outside()
    wider = outside(GATES | {"latency"}).asked
    today = "b" * 40
    both = replace(asked, asked=lambda main, model, env: (wider if main == today else asked.asked)(main, model, env))
    report = verify(branch.commits, pin=ROOTED, outside=both, main=today)
    assert [line.state for line in report.lines if "asks for latency since" in line.what] == ["warning"]
    assert report.ok


def test_a_tree_of_main_that_cannot_be_read_leaves_it_undecided() -> None:
    report = verify(sound().commits, pin=ROOTED, outside=outside(None))
    assert (report.ok, report.summary) == (True, "verified, 1 undecided")


def test_missing_bytes_are_found() -> None:
    report = verify(sound().commits, pin=ROOTED, outside=outside(stored="its bytes are not in the store"))
    assert findings(report) == [
        "delay 1.1.0 in production: its bytes are not in the store | evidence/delay/1.1.0/000007-release.json"
    ]


def test_without_a_store_the_bytes_are_undecided() -> None:
    report = verify(sound().commits, pin=ROOTED, outside=outside(stored=None))
    assert (report.ok, report.summary) == (True, "verified, 1 undecided")


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("releases/production/delay.yaml", b"x", "not a release"),
        ("releases/production/delay.yaml", None, "the release of the record is missing"),
        ("releases/staging/delay.yaml", b"x", "a release that no record speaks of"),
        ("locks/delay.yaml", b"x", "not a lock"),
        ("locks/delay.yaml", None, "the lock of the record is missing"),
        ("locks/other.yaml", b"x", "a lock that no record speaks of"),
        ("releases/production/delay-9.0.0.dsse.json", b"{}", "the release statement is refused"),
    ],
)
def test_a_document_that_no_record_bears_out_is_found(path: str, data: bytes | None, said: str) -> None:
    branch = sound()
    head = pinned(branch)
    branch.commit({path: data})
    for pin in (UNPINNED, head):
        assert any(said in line and path in line for line in findings(check(branch.commits, pin)))


def test_an_older_release_put_back_without_a_record_is_found() -> None:
    branch = sound()
    old = branch.commits[4].files["releases/production/delay.yaml"]
    branch.commit({"releases/production/delay.yaml": old})
    assert any("not what its record says" in line for line in findings(check(branch.commits)))


def test_a_statement_of_another_version_in_its_place_is_found() -> None:
    branch = sound()
    statement = branch.commits[4].files["releases/production/delay-1.0.0.dsse.json"]
    branch.commit({"releases/production/delay-1.1.0.dsse.json": statement})
    assert any("another environment or version" in line for line in findings(check(branch.commits)))


def test_a_foreign_file_is_a_warning() -> None:
    branch = sound()
    branch.commit({"README.md": b"hello"})
    report = check(branch.commits, ROOTED)
    assert [line.what for line in report.lines if line.state == "warning"] == ["a file that Headway does not write"]
    assert report.ok


def test_a_shallow_clone_is_verified_up_to_its_edge() -> None:
    branch = sound()
    files: dict[str, bytes | None] = {}
    for commit in branch.commits[:6]:
        files.update(commit.files)
    edge = Written(id=branch.commits[5].id, parents=(), files=files)
    cut = [edge, *branch.commits[6:]]
    report = verify(cut, pin=Pin(signers=LISTED, head=branch.commits[2].id), outside=outside(), shallow=True)
    assert findings(report) == []
    assert report.summary == "verified, 2 undecided"
    assert not verify(cut, pin=Pin(signers=LISTED, head=branch.commits[2].id), outside=outside()).ok


def test_an_empty_branch_has_nothing_to_find() -> None:
    report = verify([], pin=UNPINNED, outside=outside())
    assert (report.ok, report.records, report.head) == (True, 0, "")
    assert not verify([], pin=ROOTED, outside=outside()).ok


def test_a_report_can_be_written_as_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(check(sound().commits)))["records"] == 9


def test_the_deciders_key_alone_cannot_put_a_version_into_service() -> None:
    branch = sound()
    train(branch, FRESH, DECIDER)
    judge(branch, FRESH)
    release(branch, "direct", FRESH)
    found = findings(check(branch.commits))
    assert any("'decider' lacks the right `train`" in line for line in found)
    assert any("without a training" in line for line in found)


@pytest.mark.parametrize("pin", [UNPINNED, ROOTED])
def test_what_runs_is_what_the_release_names_or_a_finding(pin: Pin) -> None:
    branch = sound()

    def running(*served: Served) -> Report:
        return verify(branch.commits, pin=pin, outside=replace(outside(), serving=lambda _model, _env: served))

    assert "delay in production: 1.1.0 runs, as the release says" in [line.what for line in running(TWO).lines]
    assert running().ok  # nothing runs here: nothing to say
    for foreign in (ONE, structs.replace(TWO, bundle="9" * 64)):
        assert any("its release names it not" in line for line in findings(running(TWO, foreign)))
