"""The list of signers: who may found it, change it, revoke a key, and decide from a new machine."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.adapters.git import repository

from headway.adapters.signing.keys import create, find
from headway.app.cli import init, request, verify
from headway.app.errors import RefusedError
from headway.app.repository import open_repository
from headway.app.wiring import open_book
from headway.evidence.record import Released, Requested, Subject
from headway.reconcile.book import Book, Draft
from headway.reconcile.ports import Change, PortError
from headway.spec.release import Served

EVERYTHING = "{train: true, approve: [production], decide: [production]}"
DECIDES = "{decide: [production]}"
MODEL = b"""
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: delay}
spec:
  task: {kind: classification, label: late}
  data: {path: data.csv}
  train: {run: python train.py, files: [train.py]}
  gates:
    - {metric: auc, at_least: 0.7}
"""
ENVIRONMENT = b"""
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec: {traffic: live}
"""


class Machine:
    """A clone with keys of its own."""

    def __init__(self, folder: Path, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.config, self._set = folder / "config", monkeypatch.setenv
        self.repo = repository.clone(bare, folder / "repo")

    def key(self, name: str) -> str:
        """Make a key here; its public half."""
        return create(self.config / "keys", name)

    def commit(self, *signers: str, threshold: int = 1) -> str:
        """Commit a headway.yaml with these rows of signers, and push it."""
        text = (
            "apiVersion: headway.dev/v1alpha1\nkind: Project\nmetadata: {name: demo}\nspec:\n"
            f"  environments: [production]\n  threshold: {threshold}\n  signers:\n"
        )
        files = {
            "headway.yaml": "".join([text, *(f"    - {row}\n" for row in signers)]).encode(),
            "environments/production.yaml": ENVIRONMENT,
            "models/delay/model.yaml": MODEL,
            "models/delay/train.py": b"",
            "models/delay/requirements.lock": b"",
        }
        repository.git(self.repo, "pull", "--quiet", "origin", "main") if repository.git(
            self.repo, "ls-remote", "origin", "main"
        ) else None
        head = repository.commit(self.repo, files)
        repository.git(self.repo, "push", "--quiet", "origin", "HEAD:main")
        return head

    def run(self, command: object, *arguments: str, key: Path | None = None) -> Result:
        """Run a command on this machine."""
        self._set("HEADWAY_CONFIG", str(self.config))
        self._set("HEADWAY_KEY", str(key) if key else "")
        return CliRunner().invoke(command, [*arguments, "--repo", str(self.repo)])  # type: ignore[arg-type]

    def approve(self, *arguments: str, key: Path | None = None) -> Result:
        """`headway approve`."""
        return self.run(request.approve, *arguments, key=key)

    def book(self, key: Path | None = None) -> Book:
        """The record as this machine opens it."""
        self._set("HEADWAY_CONFIG", str(self.config))
        self._set("HEADWAY_KEY", str(key) if key else "")
        return open_book(open_repository(self.repo))

    def write(self, draft: Draft, *, key: Path | None = None) -> None:
        """Write a record as `up` would, and push it."""
        book = self.book(key)
        book.write([draft], main=repository.git(self.repo, "rev-parse", "HEAD"), subject="Write")
        assert book.publish().ahead == 0

    def in_force(self) -> list[str]:
        """The names of the signers in force, as this machine reads them."""
        return [signer.name for signer in self.book().ledger.chain.signers]


Machines = Callable[[str], Machine]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    for name, value in repository.ENVIRON.items():
        monkeypatch.setenv(name, value)
    bare = repository.make_bare(tmp_path / "bare")
    return lambda name: Machine(tmp_path / name, bare, monkeypatch)


def row(name: str, key: str, may: str = EVERYTHING, revoked_after: str | None = None) -> str:
    last = "" if revoked_after is None else f', revoked_after: "{revoked_after}"'
    return f'{{name: {name}, key: "{key}", may: {may}{last}}}'


def refusal(result: Result) -> str:
    assert isinstance(result.exception, RefusedError), result.output
    return str(result.exception)


def pause() -> Draft:
    return Draft(subject=Subject(model="delay", environment="production"), seen=Requested(action="pause"))


def test_the_first_list_is_signed_by_one_of_its_own_keys(machine: Machines) -> None:
    ann = machine("ann")
    ann.commit(row("ann", ann.key("ann")), row("bob", "b" * 64))
    assert "ann, bob: in force" in ann.approve("--signers").output
    assert ann.in_force() == ["ann", "bob"]
    again = ann.approve("--signers")
    assert "in force already" in again.output
    assert repository.git(ann.repo, "rev-list", "--count", "headway") == "1"


def test_a_machine_without_a_listed_key_cannot_found_a_list(machine: Machines) -> None:
    ann = machine("ann")
    ann.commit(row("bob", "b" * 64))
    assert "no key of the list of signers" in refusal(ann.approve("--signers"))
    assert ann.in_force() == []


def test_a_changed_list_takes_force_by_a_key_of_the_list_before_only(machine: Machines) -> None:
    ann, bob = machine("ann"), machine("bob")
    first = row("ann", ann.key("ann"))
    ann.commit(first)
    ann.approve("--signers")
    bob.commit(first, row("bob", bob.key("bob")))
    assert "only such a key can change the list" in refusal(bob.approve("--signers"))
    assert bob.in_force() == ["ann"]
    assert "ann, bob: in force" in ann.approve("--signers").output
    assert bob.in_force() == ["ann", "bob"]


def test_a_change_on_main_alone_gives_no_right(machine: Machines) -> None:
    ann, eve = machine("ann"), machine("eve")
    first = row("ann", ann.key("ann"))
    ann.commit(first)
    ann.approve("--signers")
    eve.commit(first, row("eve", eve.key("eve")))
    assert "No key of a listed signer" in refusal(eve.run(request.retire, "delay", "--env", "production"))


def test_with_a_threshold_of_two_the_second_signature_puts_a_list_in_force(machine: Machines) -> None:
    ann, bob = machine("ann"), machine("bob")
    rows = [row("ann", ann.key("ann")), row("bob", bob.key("bob"))]
    ann.commit(*rows, threshold=2)
    assert "in force" in ann.approve("--signers").output
    ann.commit(*rows, row("cid", "c" * 64), threshold=2)
    assert "1 of 2 signatures (ann)" in ann.approve("--signers").output
    assert ann.in_force() == ["ann", "bob"]
    assert "'ann' has signed this list already" in refusal(ann.approve("--signers"))
    assert "in force" in bob.approve("--signers").output
    assert ann.in_force() == ["ann", "bob", "cid"]


def test_signatures_for_another_list_do_not_count(machine: Machines) -> None:
    ann, bob = machine("ann"), machine("bob")
    rows = [row("ann", ann.key("ann")), row("bob", bob.key("bob"))]
    ann.commit(*rows, threshold=2)
    ann.approve("--signers")
    ann.commit(*rows, row("cid", "c" * 64), threshold=2)
    ann.approve("--signers")
    bob.commit(*rows, row("dan", "d" * 64), threshold=2)
    assert "1 of 2 signatures (bob)" in bob.approve("--signers").output
    assert bob.in_force() == ["ann", "bob"]


@pytest.mark.parametrize(
    ("rows", "threshold", "said"),
    [
        (("ann", "ann"), 1, "two signers share a name or a key"),
        (("ann", "bob"), 3, "threshold 3 cannot be met by 2 signers"),
    ],
)
def test_a_list_that_cannot_be_in_force_is_not_signed(
    machine: Machines, rows: tuple[str, ...], threshold: int, said: str
) -> None:
    ann = machine("ann")
    first = row("ann", ann.key("ann"))
    ann.commit(first)
    ann.approve("--signers")
    ann.commit(*(row(name, f"{number}" * 64) for number, name in enumerate(rows)), threshold=threshold)
    assert said in refusal(ann.approve("--signers"))
    assert repository.git(ann.repo, "rev-list", "--count", "headway") == "1"


def test_a_revocation_names_the_last_trusted_record(machine: Machines) -> None:
    ann, bob = machine("ann"), machine("bob")
    rows = row("ann", ann.key("ann")), bob.key("bob")
    ann.commit(rows[0], row("bob", rows[1]))
    ann.approve("--signers")
    bob.commit(rows[0], row("bob", rows[1]))
    bob.write(pause())
    trusted = bob.book().ledger.heads["bob"]
    bob.write(pause())
    assert bob.run(verify.command).exit_code == 0
    ann.commit(rows[0], row("bob", rows[1], revoked_after="f" * 64))
    named = refusal(ann.approve("--signers"))
    assert "names no record of that key" in named
    assert trusted in named
    ann.commit(rows[0], row("bob", rows[1], revoked_after=trusted))
    assert "in force" in ann.approve("--signers").output
    for options in ((), ("--pin",), ()):
        found = ann.run(verify.command, *options)
        assert "signed with the revoked key of 'bob'" in found.output
        assert found.output.count("revoked key") == 1
        refusal(found)
    with pytest.raises(PortError, match="No key of a listed signer"):
        bob.write(pause())


def test_a_revoked_key_that_writes_on_is_found_pinned_or_not(machine: Machines) -> None:
    ann, bob = machine("ann"), machine("bob")
    rows = row("ann", ann.key("ann")), bob.key("bob")
    ann.commit(rows[0], row("bob", rows[1]))
    ann.approve("--signers")
    assert ann.run(verify.command, "--pin").exit_code == 0
    bob.commit(rows[0], row("bob", rows[1]))
    stolen = bob.book()
    ann.commit(rows[0], row("bob", rows[1], revoked_after=""))
    ann.approve("--signers")
    # The thief ignores what the new list says: the record is written as it was before.
    stolen.write([pause()], main="", subject="Steal")
    repository.git(bob.repo, "fetch", "--quiet", "origin", "headway")
    thief = repository.git(bob.repo, "show", "headway:evidence/delay/_/000001-request.json")
    ann_journal = open_repository(ann.repo).journal
    ann_journal.append(Change(files={"evidence/delay/_/000002-request.json": thief.encode()}, subject="Steal"))
    found = ann.run(verify.command)
    assert "signed by 'bob', whose key is revoked" in found.output
    refusal(found)


def test_a_new_decider_needs_the_key_and_not_the_old_machine(machine: Machines) -> None:
    ann, old, new = machine("ann"), machine("old"), machine("new")
    boss, first = row("ann", ann.key("ann")), row("old", old.key("old"), DECIDES)
    ann.commit(boss, first)
    ann.approve("--signers")
    served = Served(version="1.0.0", bundle="1" * 64)
    subject = Subject(model="delay", version="1.0.0", bundle=served.bundle, environment="production")
    released = Draft(subject=subject, seen=Released(how="direct", stable=served))
    old.commit(boss, first)
    old.write(released)
    old.repo.rename(old.repo.parent / "gone")
    ann.commit(boss, first, row("new", new.key("new"), DECIDES))
    ann.approve("--signers")
    repository.git(new.repo, "pull", "--quiet", "origin", "main")
    new.write(released)
    book = new.book()
    assert (book.ledger.refused, book.ledger.model("delay").standing["production"].number) == ((), 3)


def test_a_decider_moves_to_a_new_machine_with_its_key_file(machine: Machines) -> None:
    ann, new = machine("ann"), machine("new")
    key = ann.key("ann")
    ann.commit(row("ann", key))
    ann.approve("--signers")
    moved = new.config / "moved.pem"
    new.config.mkdir()
    path = find(ann.config / "keys", key)
    assert path
    path.rename(moved)
    repository.git(new.repo, "pull", "--quiet", "origin", "main")
    new.write(pause(), key=moved)
    assert new.book().ledger.refused == ()


def test_a_key_file_that_others_can_read_is_refused_with_what_to_do(machine: Machines) -> None:
    ann = machine("ann")
    key = ann.key("ann")
    ann.commit(row("ann", key))
    ann.approve("--signers")
    path = find(ann.config / "keys", key)
    assert path
    path.chmod(0o644)
    result = ann.run(request.resume, "delay")
    assert f"Run `chmod go-rwx {path}`" in refusal(result)
    path.chmod(0o600)
    assert ann.run(request.resume, "delay", key=path).exit_code == 0


def test_a_key_without_the_right_writes_nothing(machine: Machines) -> None:
    ann, bob = machine("ann"), machine("bob")
    rows = row("ann", ann.key("ann")), row("bob", bob.key("bob"), DECIDES)
    ann.commit(*rows)
    ann.approve("--signers")
    bob.commit(*rows)
    said = refusal(bob.run(request.resume, "delay", "--env", "production"))
    assert "cannot be written with the key of 'bob': 'bob' lacks the right `approve: [production]`" in said
    assert repository.git(bob.repo, "rev-list", "--count", "headway") == "1"


def test_a_request_is_pushed_and_one_that_cannot_be_waits_and_says_so(machine: Machines, tmp_path: Path) -> None:
    ann = machine("ann")
    ann.commit(row("ann", ann.key("ann")))
    ann.approve("--signers")
    assert "the hold is lifted (record" in ann.run(request.resume, "delay").output
    (tmp_path / "bare").rename(tmp_path / "away")
    waits = ann.run(request.resume, "delay")
    assert waits.exit_code == 0, waits.exception
    assert "it waits here to be pushed: origin:" in waits.output


@pytest.mark.parametrize("arguments", [(), ("delay@1.0.0",), ("--to", "production"), ("delay@1.0.0", "--signers")])
def test_an_approval_names_a_version_with_its_environment_or_the_list(
    machine: Machines, arguments: tuple[str, ...]
) -> None:
    assert machine("ann").approve(*arguments).exit_code == 2


def test_init_writes_a_key_for_its_owner_only_and_the_first_list(machine: Machines, tmp_path: Path) -> None:
    ann = machine("ann")
    folder = tmp_path / "new"
    ann._set("HEADWAY_CONFIG", str(ann.config))
    ann._set("HEADWAY_KEY", "")
    for _ in range(2):  # safe to run twice
        done = CliRunner().invoke(init.command, [str(folder)])
        assert done.exit_code == 0, done.exception
    (key,) = (ann.config / "keys").iterdir()
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    book = open_book(open_repository(folder))
    assert book.signer
    assert [signer.key for signer in book.ledger.chain.signers] == [key.name.partition(".")[0]]
    assert key.read_bytes() not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
