"""`headway fetch`: a bundle comes whole and released, or not at all."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.fakes.signing import MemorySigning
from tests.serve.bundles import python_classifier

from headway.adapters.store.folder import FolderStore
from headway.app.cli.fetch import command
from headway.app.errors import RefusedError
from headway.evidence.folder import FileDigest, listing
from headway.evidence.vsa import ReleaseClaim, release_statement
from headway.serve.models.bundle import open_bundle
from headway.spec.digest import digest

DECIDER, STRANGER = MemorySigning("decider"), MemorySigning("stranger")


class Place:
    """A store with one bundle, the keys of production, and a folder to fetch into."""

    def __init__(self, folder: Path) -> None:
        self.store = FolderStore(folder / "store")
        (folder / "made").mkdir()
        self.bundle = self.store.put(python_classifier(folder / "made"))
        self.keys = folder / "production.json"
        self.keys.write_bytes(msgspec.json.encode({"decider": DECIDER.public}))
        self.statement = folder / "1.0.0.dsse.json"
        self.target = folder / "volume" / "bundle"
        self.target.parent.mkdir()
        self.state(self.bundle)

    def state(self, bundle: str, environment: str = "production", by: MemorySigning = DECIDER) -> None:
        """Write the release statement."""
        claim = ReleaseClaim(
            model="delay",
            version="1.0.0",
            bundle=bundle,
            environment=environment,
            policy="p",
            signer=by.name,
            at="2000-01-01T00:00:00Z",
        )
        self.statement.write_bytes(release_statement(claim, by.sign))

    def fetch(self, bundle: str = "", **more: str) -> Result:
        """Run the command as a pod does."""
        options = {
            "store": f"file:{self.store._root}",
            "environment": "production",
            "require-release": str(self.statement),
            "keys": str(self.keys),
            **more,
        }
        words = [f"--{name}={value}" for name, value in options.items() if value]
        return CliRunner().invoke(command, [bundle or self.bundle, str(self.target), *words])

    def refused(self, bundle: str = "", **more: str) -> str:
        """Why it was refused; nothing lies in the volume then."""
        done = self.fetch(bundle, **more)
        assert isinstance(done.exception, RefusedError), (done.output, done.exception)
        assert list(self.target.parent.iterdir()) == []
        return str(done.exception)

    def file(self) -> Path:
        """The stored bytes of the largest file, which are written to by a test."""
        return max(self.store._root.glob("files/*/*"), key=lambda path: path.stat().st_size)

    def listed(self, *files: Any) -> str:
        """Put a hand-made listing into the store, as somebody with write access to a bucket could."""
        data = listing(files)
        name = digest(data)
        path = self.store._root / "folders" / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.state(name)
        return name


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_released_bundle_comes_whole_and_can_be_fetched_again(place: Place) -> None:
    assert "is placed" in place.fetch().output
    assert open_bundle(place.target, place.bundle).manifest.model == "delay"
    assert "lies already" in place.fetch().output


def test_a_statement_of_long_ago_still_counts(place: Place) -> None:
    assert place.fetch().exit_code == 0


def test_without_a_demand_no_statement_is_needed(place: Place) -> None:
    assert place.fetch(**{"require-release": "", "keys": ""}).exit_code == 0


def test_a_wrong_byte_is_refused(place: Place) -> None:
    name = place.file()
    name.chmod(0o644)
    data = bytearray(name.read_bytes())
    data[-1] ^= 1
    name.write_bytes(data)
    assert "does not hold the bytes that its name says" in place.refused()


def test_a_missing_file_is_refused(place: Place) -> None:
    place.file().unlink()
    assert "is not in the store" in place.refused()


def test_a_bundle_that_is_not_there_is_refused(place: Place) -> None:
    place.state("0" * 64)
    assert "is not in the store" in place.refused("0" * 64)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "a//b", ".", "", "a\0b"])
def test_a_path_that_leads_out_is_refused(place: Place, path: str) -> None:
    data = b"x"
    place.store.put(data)
    bundle = place.listed(FileDigest(path=path, size=1, sha256=digest(data)))
    assert "is no path below a folder" in place.refused(bundle)


def test_a_path_that_is_listed_twice_is_refused(place: Place) -> None:
    sha = place.store.put(b"x")
    bundle = place.listed(*[FileDigest(path="a", size=1, sha256=sha)] * 2)
    assert "something else is there" in place.refused(bundle)


def test_a_path_through_a_file_is_refused(place: Place) -> None:
    sha = place.store.put(b"x")
    bundle = place.listed(FileDigest(path="a", size=1, sha256=sha), FileDigest(path="a/b", size=1, sha256=sha))
    assert "something else is there" in place.refused(bundle)


def test_a_listing_that_lies_about_a_size_is_refused(place: Place) -> None:
    files = msgspec.json.decode(place.store.read(place.bundle), type=list[FileDigest])
    bundle = place.listed(*[msgspec.structs.replace(file, size=file.size + 1) for file in files])
    assert f"not {bundle[:12]}… as asked" in place.refused(bundle)


def test_what_is_no_listing_is_refused(place: Place) -> None:
    name = digest(b'{"a": 1}')
    path = place.store._root / "folders" / name[:2] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'{"a": 1}')
    place.state(name)
    assert "is no folder's listing" in place.refused(name)


def test_a_file_is_no_bundle(place: Place) -> None:
    name = place.store.put(b"just a file")
    place.state(name)
    assert "is no bundle" in place.refused(name)


def test_a_statement_for_another_environment_is_refused(place: Place) -> None:
    place.state(place.bundle, environment="staging")
    assert "is for 'staging', not for 'production'" in place.refused()


def test_a_statement_for_another_bundle_is_refused(place: Place) -> None:
    place.state("0" * 64)
    assert "names bundle 000000000000…" in place.refused()


def test_a_strangers_key_is_refused(place: Place) -> None:
    place.state(place.bundle, by=STRANGER)
    assert "'stranger', who is not among the keys that count here" in place.refused()


def test_a_key_that_goes_by_anothers_name_is_refused(place: Place) -> None:
    place.keys.write_text(json.dumps({"decider": STRANGER.public}))
    assert "the signature is not one of the key of 'decider'" in place.refused()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("keys", "", "say --keys FILE and --environment NAME too"),
        ("environment", "", "say --keys FILE and --environment NAME too"),
        ("keys", "/no/such/file", "/no/such/file cannot be read"),
        ("require-release", "/no/such/file", "/no/such/file cannot be read"),
        ("store", "s3:bucket", "cannot be opened: write file:FOLDER"),
    ],
)
def test_a_demand_that_cannot_be_met_is_refused(place: Place, option: str, value: str, said: str) -> None:
    assert said in place.refused(**{option: value})


def test_the_release_is_asked_before_the_store(place: Place) -> None:
    place.state(place.bundle, by=STRANGER)
    assert "stranger" in place.refused(store="file:/no/such/store")


def test_what_lies_there_already_is_left_alone(place: Place) -> None:
    place.target.mkdir()
    (place.target / "precious.txt").write_text("mine")
    done = place.fetch()
    assert isinstance(done.exception, RefusedError)
    assert (place.target / "precious.txt").read_text() == "mine"
