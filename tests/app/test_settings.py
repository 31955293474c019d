"""Settings: each has a row, and the view says where a value came from."""

import msgspec
import pytest
from click.testing import CliRunner

from headway.app.cli.settings import command
from headway.app.errors import RefusedError
from headway.app.settings import SETTINGS, Settings, read_settings


def fields(kind: type[msgspec.Struct], prefix: str = "") -> set[str]:
    found = set()
    for field in msgspec.structs.fields(kind):
        inner = isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
        found |= fields(field.type, f"{prefix}{field.name}.") if inner else {f"{prefix}{field.name}"}
    return found


def test_every_field_has_a_row() -> None:
    assert {setting.field for setting in SETTINGS} == fields(Settings) - {"environ"}


def test_a_value_says_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_LOOK", "2.5")
    monkeypatch.delenv("HEADWAY_FETCH", raising=False)
    lines = CliRunner().invoke(command).output.splitlines()
    assert "pace.look       2.5 s (HEADWAY_LOOK)" in lines
    assert "pace.fetch      10 s (default: 10)" in lines


@pytest.mark.parametrize("value", ["0", "-1", "soon", "inf", "nan", ""])
def test_a_pace_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HEADWAY_LOOK", value)
    with pytest.raises(RefusedError, match="HEADWAY_LOOK"):
        read_settings()
