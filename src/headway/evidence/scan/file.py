"""Tells a file's form by its bytes, holds its name against that, and scans it.  What has no known form is refused."""

from collections.abc import Collection

from msgspec import Struct

from headway.evidence.measurement import ScanFacts
from headway.evidence.scan.fault import ForbiddenError, MalformedError
from headway.evidence.scan.form import check_name, promises_pickle, told
from headway.evidence.scan.pickle import walk_plainly
from headway.evidence.scan.report import Report
from headway.spec.digest import digest

__all__ = ["Examined", "Refusal", "examine", "scan"]


class Refusal(Struct, frozen=True, kw_only=True):
    """What is refused, and what to do about it."""

    what: str
    cure: str


class Examined(Struct, frozen=True, kw_only=True):
    """A model file as it was found: its form ("" when it has none), what is refused, and the globals it names."""

    file: str
    form: str
    refused: tuple[Refusal, ...]
    globals: tuple[str, ...]


def examine(name: str, data: bytes, *, allow: Collection[str] = ()) -> Examined:
    """Everything in a model file that is refused; `allow` adds globals as `module:name`, and operators of ONNX."""
    report, form = Report(allow), ""
    report.by_joblib = not promises_pickle(name)
    try:
        found = told(data)
        form = found.name
        check_name(name, form)
        found.read(data, report)
    except ForbiddenError as fault:
        report.refuse(str(fault), fault.cure)
    except MalformedError as fault:
        report.refuse(f"it is damaged: {fault}")
    if form != "pickle":
        # Whoever loads it with joblib or pickle, whatever it is, must stumble before any harm.
        walk_plainly(data, report)
    elif report.wrapped:
        form = "joblib"
    refused = tuple(Refusal(what=what, cure=cure) for what, cure in report.refused.items())
    return Examined(file=name, form=form, refused=refused, globals=tuple(report.globals))


def scan(name: str, data: bytes, *, allow: Collection[str] = ()) -> ScanFacts:
    """The same as a record keeps it."""
    found = examine(name, data, allow=allow)
    refused = tuple(refusal.what for refusal in found.refused)
    return ScanFacts(file=name, sha256=digest(data), form=found.form, refused=refused, globals=found.globals)
