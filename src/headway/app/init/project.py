"""The documents of a new project: its environments and its first signer, whose key is made on this machine."""

import getpass
from collections.abc import Iterator
from pathlib import Path

from headway.adapters.signing.keys import create
from headway.app.init.models import label
from headway.app.root import PROJECT_FILE
from headway.app.settings import Settings

__all__ = ["project_at", "project_documents"]


def project_at(folder: Path) -> Path | None:
    """The project that a folder belongs to already: headway.yaml at or above it, within its repository."""
    for place in (folder, *folder.parents):
        if (place / PROJECT_FILE).is_file():
            return place
        if (place / ".git").exists():
            return None
    return None


def project_documents(project: Path, settings: Settings) -> Iterator[tuple[str, str]]:
    """Files by path, headway.yaml last: once it is there, all of them are."""
    for name, traffic in (("staging", "none"), ("production", "live")):
        yield f"environments/{name}.yaml", _environment(name, traffic)
    yield PROJECT_FILE, _project(project, settings)


def _environment(name: str, traffic: str) -> str:
    return f"""\
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {{name: {name}}}
spec: {{target: local, traffic: {traffic}}}
"""


def _project(project: Path, settings: Settings) -> str:
    name = label(_user()) or "owner"
    key = create(settings.folders.config / "keys", name)
    return f"""\
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {{name: {label(project.name) or "project"}}}
spec:
  environments: [staging, production]
  signers:
    - name: {name}
      key: {key}
      may: {{train: true, approve: [staging, production], decide: [staging, production]}}
"""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return ""
