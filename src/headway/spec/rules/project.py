"""Rules for the project and its environments: their order, who may sign, and who decides where."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from headway.spec.convert import nearest
from headway.spec.environment import Environment
from headway.spec.finding import Finding, error, warning
from headway.spec.guardrail import MetricGuardrail, matures
from headway.spec.load import Placed
from headway.spec.model import Model
from headway.spec.papers import Papers
from headway.spec.project import Project, Signer
from headway.spec.rules.names import is_label
from headway.spec.yaml import excerpt

__all__ = ["project"]

_KEY = re.compile("[0-9a-f]{64}", re.ASCII)
_SIGNER = re.compile("[A-Za-z0-9_-]{1,64}", re.ASCII)
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", re.ASCII)


def project(papers: Papers) -> Iterator[Finding]:
    """What is wrong with the project, its environments, and what they say of each other."""
    recorded = any(each.value.spec.serve.records for each in papers.models)
    for each in papers.environments:
        yield from _environment(each)
        yield from _records(each, recorded=recorded)
        yield from _labels(each, papers.models)
        yield from _metrics(each, papers.models)
        yield from _users(
            each, kept=[one.value.metadata.name for one in papers.models if one.value.spec.rollout.strategy == "ab"]
        )
    placed = papers.project
    if placed is None:
        return
    yield from _second(papers)
    yield from _order(papers, placed)
    yield from _signers(placed)
    yield from _rights(papers, placed)


def _second(papers: Papers) -> Iterator[Finding]:
    for other in papers.projects[1:]:
        why = "A repository has one project, and the first one holds."
        yield error("E024", "a second project", other.place(), why=why, do="Remove it.")


def _order(papers: Papers, placed: Placed[Project]) -> Iterator[Finding]:
    order = placed.value.spec.environments
    known = {each.value.metadata.name: each for each in papers.environments}
    if not order:
        why = "Versions are released into the environments listed here, and there is none."
        yield error("E103", "no environment", placed.place("spec", "environments"), why=why, do="List one.")
    for number, name in enumerate(order):
        at = placed.place("spec", "environments", number)
        if name in order[:number]:
            why = "A version passes each environment once."
            yield error("E104", f"environment '{excerpt(name)}' twice in the order", at, why=why, do="Remove one.")
        elif name not in known and f"environments/{name}.yaml" not in papers.broken:
            yield error(
                "E101", f"environment '{excerpt(name)}' is not defined", at,
                why=f"No file in environments/ has this name.{nearest(name, known)}",
                do=f"Write environments/{excerpt(name)}.yaml, or take the name out.",
            )  # fmt: skip
    for name, environment in known.items():
        if name not in order:
            yield warning(
                "E102", f"environment '{excerpt(name)}' is not in the order",
                environment.place("metadata", "name"),
                why=f"{placed.file} does not list it, so no version is ever released there.{nearest(name, order)}",
                do=f"Add it to `environments` in {placed.file}, or remove the file.",
            )  # fmt: skip


def _signers(placed: Placed[Project]) -> Iterator[Finding]:
    spec = placed.value.spec
    keys: dict[str, str] = {}
    names: set[str] = set()
    for number, signer in enumerate(spec.signers):
        at = placed.place("spec", "signers", number, "key")
        if not _KEY.fullmatch(signer.key):
            why = "A public Ed25519 key is 64 small hex digits."
            yield error("E115", f"no key of '{excerpt(signer.name)}'", at, why=why, do="Copy the key again.")
        elif signer.key in keys:
            why = f"It is the key of '{excerpt(keys[signer.key])}' too, so a signature would not say whose it is."
            yield error("E115", f"key of '{excerpt(signer.name)}' twice", at, why=why, do="Give each a key.")
        keys.setdefault(signer.key, signer.name)
        at = placed.place("spec", "signers", number, "name")
        if not _SIGNER.fullmatch(signer.name) or signer.name in names:
            why = "Records name their signer: letters, digits, `-` and `_`, and each name once."
            yield error("E116", f"'{excerpt(signer.name)}' cannot name a signer", at, why=why, do="Choose another.")
        names.add(signer.name)
    if spec.signers and not 1 <= spec.threshold <= len(_living(spec.signers)):
        why = f"{len(_living(spec.signers))} signers could sign a change of the list, and `threshold` asks for "
        at = placed.place("spec", "threshold")
        what = "threshold cannot be met"
        yield error("E117", what, at, why=f"{why}{spec.threshold}.", do="Lower it, or list more signers.")


def _rights(papers: Papers, placed: Placed[Project]) -> Iterator[Finding]:
    spec = placed.value.spec
    living = _living(spec.signers)
    at = placed.place("spec", "signers")
    if not any(signer.may.train for signer in living.values()):
        why = "Trainings count when a signer with `may: {train: true}` signed them, and nobody has that right."
        yield error("E110", "nobody may train", at, why=why, do="`headway init` makes a key and lists it.")
    for number, signer in enumerate(spec.signers):
        for right in ("approve", "decide"):
            for name in getattr(signer.may, right):
                if name not in spec.environments:
                    yield error(
                        "E114", f"right for an unknown environment '{excerpt(name)}'",
                        placed.place("spec", "signers", number, "may", right),
                        why=f"It is not in the order of environments.{nearest(name, spec.environments)}",
                        do="Mend the name, or take it out.",
                    )  # fmt: skip
    asks = {each.value.metadata.name: each.value.spec.approval == "required" for each in papers.environments}
    for name in dict.fromkeys(name for name in spec.environments if name in asks):
        yield from _deciders(placed, name, living, asks=asks)


def _deciders(
    placed: Placed[Project], name: str, living: Mapping[str, Signer], *, asks: Mapping[str, bool]
) -> Iterator[Finding]:
    at = placed.place("spec", "signers")
    deciders = [signer for signer in living if name in living[signer].may.decide]
    if not deciders:
        why = "Releases are written by the environment's decider, and no signer may decide there."
        yield error(
            "E111", f"nobody decides in '{excerpt(name)}'", at, why=why, do=f"Add `decide: [{name}]` to one signer."
        )
    if len(deciders) > 1:
        why = f"{' and '.join(deciders)} may decide there; two would write over each other, so one decides."
        yield error("E112", f"two deciders in '{excerpt(name)}'", at, why=why, do="Leave the right to one of them.")
    if asks[name] and not any(name in signer.may.approve for signer in living.values()):
        why = "It says `approval: required`, and no signer may approve there, so nothing is ever released."
        do = f"Add `approve: [{name}]` to a signer, or take the approval out."
        yield error("E113", f"nobody approves in '{excerpt(name)}'", at, why=why, do=do)


def _environment(placed: Placed[Environment]) -> Iterator[Finding]:
    spec = placed.value.spec
    if not is_label(spec.namespace):
        at = placed.place("spec", "namespace")
        why = "A namespace is at most 63 small letters, digits and `-`."
        yield error("E025", f"'{excerpt(spec.namespace)}' is no namespace", at, why=why, do="Choose another name.")
    found = _ADDRESS.fullmatch(spec.listen)
    if found is None or int(found[2]) > 65535:
        at = placed.place("spec", "listen")
        why = "An address is `host:port`, such as 127.0.0.1:8080; port 0 picks a free one."
        yield error("E118", f"'{excerpt(spec.listen)}' is no address", at, why=why, do="Write host and port.")
    if spec.target == "local" and spec.router != "envoy":
        at = placed.place("spec", "router")
        why = f"On one machine requests are split by Envoy; `{spec.router}` needs `target: kubernetes`."
        yield error("E119", "router and target do not fit", at, why=why, do="Write `router: envoy`, or take it out.")
    if spec.prices:
        for field, price in (("cpu", spec.prices.cpu), ("memory", spec.prices.memory)):
            if not 0.0 <= price < math.inf:
                at = placed.place("spec", "prices", field)
                why = "Nothing is paid for using more."
                yield error("E127", f"price of {price:g}", at, why=why, do="Write 0 or more.")


def _records(placed: Placed[Environment], *, recorded: bool) -> Iterator[Finding]:
    spec, at = placed.value.spec, placed.place("spec", "records")
    if spec.records and not _URL.fullmatch(spec.records):
        why = "Records of predictions are sent by HTTP, with no password in the address, for Git is read by many."
        do = "Write `records: https://collector.example/events`, say."
        yield error("E123", f"'{excerpt(spec.records)}' is no address for records", at, why=why, do=do)
    elif recorded and not spec.records and spec.target == "kubernetes":
        why = "A model asks for records of its predictions, and a pod has no disk to keep them on."
        yield warning("E124", "records go nowhere", at, why=why, do="Add `records: https://collector.example/events`.")


def _labels(placed: Placed[Environment], models: Iterable[Placed[Model]]) -> Iterator[Finding]:
    spec = placed.value.spec
    waiting = [each.value.metadata.name for each in models if any(map(matures, each.value.spec.rollout.guardrails))]
    if waiting and spec.traffic == "live" and (spec.records or spec.target == "kubernetes"):
        at = placed.place("spec", "records" if spec.records else "target")
        why = f"A guardrail of {waiting[0]} joins labels with records on this machine, and here they are elsewhere."
        do = "Take `records` out on this machine, or measure it by `prometheus` where the records are."
        yield warning("E258", "guardrail without a source", at, why=why, do=do)


def _metrics(placed: Placed[Environment], models: Iterable[Placed[Model]]) -> Iterator[Finding]:
    spec, at = placed.value.spec, placed.place("spec", "prometheus")
    asking = [
        each.value.metadata.name
        for each in models
        if any(isinstance(guardrail, MetricGuardrail) for guardrail in each.value.spec.rollout.guardrails)
    ]
    if spec.prometheus and not _URL.fullmatch(spec.prometheus):
        why = "Prometheus is asked by HTTP, with no password in the address, for Git is read by many."
        do = "Write `prometheus: http://prometheus.example:9090`, say."
        yield error("E126", f"'{excerpt(spec.prometheus)}' is no address of Prometheus", at, why=why, do=do)
    elif asking and spec.traffic == "live" and not spec.prometheus:
        why = f"A guardrail of {asking[0]} asks Prometheus, and nothing says where it answers."
        do = "Add `prometheus: http://prometheus.example:9090`, say."
        yield warning("E258", "guardrail without a source", at, why=why, do=do)


def _users(placed: Placed[Environment], *, kept: Sequence[str]) -> Iterator[Finding]:
    """Models that keep users apart, where nothing can."""
    spec = placed.value.spec
    if kept and spec.traffic == "live" and spec.target == "kubernetes":
        at = placed.place("spec", "target")
        why = f"`strategy: ab` of {', '.join(kept)} keeps each user at one version, and no router of a cluster says so."
        do = "Write `strategy: canary` there, or serve that environment on one machine."
        yield error("E125", "users cannot be kept apart here", at, why=why, do=do)


def _living(signers: tuple[Signer, ...]) -> Mapping[str, Signer]:
    return {signer.name: signer for signer in signers if signer.revoked_after is None}
