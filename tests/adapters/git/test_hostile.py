"""A repository that wants to run programs, and remotes that ask, hang or answer nothing: no program, no question."""

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.adapters.git import repository
from tests.adapters.git.repository import ENVIRON

from headway.adapters.git.journal import GitJournal
from headway.adapters.git.place import find
from headway.adapters.git.program import Git
from headway.adapters.git.remote import Remote
from headway.adapters.git.source import GitSource
from headway.adapters.git.worktree import WorkTree
from headway.reconcile.ports import Change, PortError

HOOKS = ("pre-commit", "post-commit", "reference-transaction", "post-checkout", "pre-push", "post-merge", "update",
         "fsmonitor-watchman", "post-index-change", "pre-auto-gc", "pre-receive")  # fmt: skip
RUNS = ("core.fsmonitor", "core.pager", "core.editor", "core.askPass", "diff.external", "gpg.program",
        "alias.rev-parse", "alias.cat-file", "filter.x.clean",
        "filter.x.smudge", "filter.x.process", "diff.x.textconv", "diff.x.command",
        "merge.x.driver", "sequence.editor", "core.alternateRefsCommand", "remote.origin.uploadpack",
        "remote.origin.receivepack", "pager.show", "uploadpack.packObjectsHook", "gc.recentObjectsHook",
        "trailer.x.command", "interactive.diffFilter")  # fmt: skip


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a mark when anybody runs it."""
    script = tmp_path / "trap"
    script.write_text(f"#!/bin/sh\necho $0 $@ >> {tmp_path}/ran\nexit 1\n")
    script.chmod(0o755)
    return script


def hostile(folder: Path, bare: Path, trap: Path) -> Path:
    """A clone whose every hook and setting runs the trap, and that has a file for each filter."""
    repo = repository.clone(bare, folder)
    repository.commit(repo, {"a": b"1\n", ".gitattributes": b"* filter=x diff=x merge=x\n"})
    repository.git(repo, "push", "--quiet", "origin", "HEAD:main")
    (repo / ".git" / "mine").mkdir()
    for hook in HOOKS:
        for place in ("hooks", "mine"):
            (repo / ".git" / place / hook).write_bytes(trap.read_bytes())
            (repo / ".git" / place / hook).chmod(0o755)
    config = (repo / ".git" / "config").read_text()
    for key in RUNS:
        section, _, name = key.rpartition(".")
        head, _, sub = section.partition(".")
        value = f"!{trap}" if head == "alias" else str(trap)
        config += f"[{head}{f' {chr(34)}{sub}{chr(34)}' if sub else ''}]\n\t{name} = {value}\n"
    config += f"[core]\n\thooksPath = {repo}/.git/mine\n[log]\n\tshowSignature = true\n[commit]\n\tgpgSign = true\n"
    (repo / ".git" / "config").write_text(config)
    (repo / ".git" / "objects" / "info" / "alternates").write_text(f"{bare}/objects\n")
    return repo


def test_nothing_that_a_repository_brings_is_run(tmp_path: Path, trap: Path) -> None:
    bare = repository.make_bare(tmp_path / "bare")
    repo = hostile(tmp_path / "repo", bare, trap)
    (repo / "a").write_bytes(b"2\n")
    assert find(Git(repo, ENVIRON)).top == repo
    source = GitSource(repo, remote="origin", environ=ENVIRON)
    head = source.refresh()
    assert head.problem == ""
    assert source.read(head.commit, ["a"]) == {"a": b"1\n"}
    assert source.commit_subject(head.commit) == "Change"
    assert WorkTree(repo, environ=ENVIRON).read("", WorkTree(repo, environ=ENVIRON).files())["a"] == b"2\n"
    journal = GitJournal(repo, remote="origin", environ=ENVIRON)
    for name in ("b", "c"):
        journal.append(Change(files={name: b"x"}, subject="Write"))
        assert journal.publish(lambda mine, _theirs: mine).problem == ""
    list(journal.commits())
    assert set(journal.files("")) == {"b", "c"}
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


@pytest.mark.parametrize("key", ["core.sshCommand", "credential.helper", "credential.https://127.0.0.1.helper"])
def test_a_command_for_the_remote_is_taken_from_the_users_configuration_only(
    tmp_path: Path, trap: Path, key: str
) -> None:
    bare = repository.make_bare(tmp_path / "bare")
    repo = repository.clone(bare, tmp_path / "repo")
    mine = tmp_path / "gitconfig"
    environ = ENVIRON | {"GIT_CONFIG_GLOBAL": str(mine)}
    repository.git(repo, "config", "--file", str(mine), key, str(trap))
    assert GitJournal(repo, remote="origin", environ=environ).refresh().problem == ""
    repository.git(repo, "config", key, str(trap))
    journal = GitJournal(repo, remote="origin", environ=environ)
    mine_first = journal.append(Change(files={"a": b""}, subject="Write"))
    for head in (journal.refresh(), journal.publish(lambda changes, _theirs: changes)):
        assert (head.commit, head.ahead) == (mine_first, 1)
        assert "would run a program" in head.problem
        assert "git config --local --unset-all" in head.problem
    assert not (tmp_path / "ran").exists()


def test_reading_never_fetches_what_a_partial_clone_lacks(tmp_path: Path, trap: Path) -> None:
    bare = repository.make_bare(tmp_path / "bare")
    full = repository.clone(bare, tmp_path / "full")
    head = repository.commit(full, {"a": b"1"})
    repository.git(full, "push", "--quiet", "origin", "HEAD:main")
    repository.git(bare, "config", "uploadpack.allowFilter", "true")
    part = repository.clone(bare, tmp_path / "part", "--filter=blob:none", "--no-checkout")
    repository.git(part, "config", "remote.origin.uploadpack", str(trap))
    source = GitSource(part, remote="origin", environ=ENVIRON)
    assert source.refresh().commit == head
    with pytest.raises(PortError, match="the clone is a partial one"):
        source.read(head, ["a"])
    assert not (tmp_path / "ran").exists()
    later = repository.commit(full, {"a": b"2"})
    repository.git(full, "push", "--quiet", "origin", "HEAD:main")
    assert source.refresh().commit == later
    assert source.read(later, ["a"]) == {"a": b"2"}  # what Headway fetches itself is whole


class _Asks(BaseHTTPRequestHandler):
    """A server that wants a password."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def https(tmp_path: Path) -> Iterator[str]:
    """The address of a server that asks for credentials; its certificate lies beside."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    pem = tmp_path / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    server = HTTPServer(("127.0.0.1", 0), _Asks)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/x"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_remote_that_wants_a_password_is_a_problem_and_no_question(tmp_path: Path, https: str, trap: Path) -> None:
    repo = repository.make(tmp_path / "repo")
    repository.git(repo, "remote", "add", "origin", https)
    asks = {"GIT_SSL_CAINFO": str(tmp_path / "server.pem"), "SSH_ASKPASS": str(trap), "DISPLAY": ":0"}
    found = Remote(Git(repo, ENVIRON | asks), "origin", "main").fetch()
    assert "terminal prompts disabled" in found.problem
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("chosen", ["", "GIT_SSH_COMMAND", "GIT_SSH", "core.sshCommand"])
def test_ssh_is_told_to_ask_nothing_unless_the_user_chose_a_command(tmp_path: Path, trap: Path, chosen: str) -> None:
    repo = repository.make(tmp_path / "repo")
    repository.git(repo, "remote", "add", "origin", "ssh://127.0.0.1:1/x")
    own, config = tmp_path / "bin" / "ssh", tmp_path / "gitconfig"
    own.parent.mkdir()
    own.write_bytes(trap.read_bytes())
    own.chmod(0o755)
    environ = ENVIRON | {"PATH": f"{own.parent}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": str(config)}
    if chosen == "core.sshCommand":
        repository.git(repo, "config", "--file", str(config), chosen, f"{trap} chosen")
    elif chosen:
        environ[chosen] = str(trap)
    assert Remote(Git(repo, environ), "origin", "main").fetch().problem
    ran = (tmp_path / "ran").read_text()
    assert ran.startswith(str(trap if chosen else own))
    assert ("-oBatchMode=yes" in ran) == (not chosen)


@pytest.mark.parametrize("address", ["ssh://127.0.0.1:{port}/x", "https://127.0.0.1:{port}/x"])
def test_a_remote_that_never_answers_ends_at_its_limit(tmp_path: Path, address: str) -> None:
    repo = repository.make(tmp_path / "repo")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        repository.git(repo, "remote", "add", "origin", address.format(port=silent.getsockname()[1]))
        found = Remote(Git(repo, ENVIRON), "origin", "main", limit_s=1.0).fetch()
    assert "did not end in time" in found.problem


@pytest.mark.parametrize("name", ["--upload-pack=x", "-x", "..", "a:b", "x y"])
def test_a_remote_that_is_an_option_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PortError, match="no name of a branch or remote"):
        Remote(Git(tmp_path, ENVIRON), name, "main")


def test_a_remote_through_a_helper_is_refused(tmp_path: Path) -> None:
    repo = repository.make(tmp_path / "repo")
    repository.git(repo, "config", "remote.origin.url", "x")
    repository.git(repo, "config", "remote.origin.vcs", "ext")
    repository.git(repo, "config", "url.ext::sh.insteadOf", "x")
    assert "not allowed" in Remote(Git(repo, ENVIRON), "origin", "main").fetch().problem


GATE = """#!/bin/sh
until [ -e {go} ]; do sleep 0.02; done
for last; do :; done
eval "$last"
"""


def test_a_remote_that_is_slow_is_not_waited_for_and_heard_later(tmp_path: Path) -> None:
    bare, gate, go = repository.make_bare(tmp_path / "bare"), tmp_path / "gate", tmp_path / "go"
    gate.write_text(GATE.format(go=go))
    gate.chmod(0o755)
    repo = repository.clone(bare, tmp_path / "repo")
    repository.git(repo, "remote", "set-url", "origin", f"ssh://127.0.0.1{bare}")
    environ = ENVIRON | {"GIT_SSH_COMMAND": str(gate), "GIT_SSH_VARIANT": "simple"}
    journal = GitJournal(repo, remote="origin", environ=environ, patience_s=0.0)
    for name in ("a", "b"):
        mine = journal.append(Change(files={name: b""}, subject="Write"))
        for head in (journal.refresh(), journal.publish(lambda changes, _theirs: changes)):
            assert (head.commit, head.problem) == (mine, "")
            assert head.ahead
    go.touch()
    until = time.monotonic() + 60
    while journal.publish(lambda changes, _theirs: changes).ahead:
        journal.refresh()
        assert time.monotonic() < until
    assert repository.git(bare, "rev-parse", "headway") == mine
