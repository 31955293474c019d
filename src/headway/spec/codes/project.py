"""Codes of the project, its environments and signers, and of policies."""

from collections.abc import Mapping

from headway.spec.codes.code import Code, code

__all__ = ["PROJECT"]

PROJECT: Mapping[str, Code] = {
    "E101": code(
        "environment is not defined",
        "headway.yaml lists an environment that no file in environments/ describes.",
        "`environments: [staging, prod]` beside environments/production.yaml",
        "Write the file, or mend the name.",
    ),
    "E102": code(
        "environment is not in the order",
        "A version moves through the environments that headway.yaml lists; this one it never reaches.",
        "environments/test.yaml, and `environments: [production]`",
        "Add it to the list, or remove the file.",
    ),
    "E103": code(
        "no environment",
        "Versions are released into environments, and none is listed.",
        "`environments: []`",
        "List at least one.",
    ),
    "E104": code(
        "environment twice in the order",
        "A version passes each environment once.",
        "`environments: [staging, production, staging]`",
        "Remove one.",
    ),
    "E110": code(
        "nobody may train",
        "A training counts when a signer with the right to train signed it.",
        "`signers: []`",
        "Add `may: {train: true}` to a signer; `headway init` makes a key.",
    ),
    "E111": code(
        "nobody decides",
        "Releases into an environment are written by its decider, and there is none.",
        "no signer with `decide: [production]`",
        "Give one signer the right.",
    ),
    "E112": code(
        "two deciders",
        "Two deciders of one environment would write over each other, so one decides.",
        "two signers with `decide: [production]`",
        "Leave the right to one of them.",
    ),
    "E113": code(
        "nobody approves",
        "An environment, or a step of a rollout, asks for an approval that no signer may give there, so nothing ever "
        "goes on.",
        "`approval: required` or `approve_at: [100]`, and no signer with `approve: [production]`",
        "Give a signer the right, or take the approval out.",
    ),
    "E114": code(
        "right for an unknown environment",
        "A right names an environment that is not in the order, so it means nothing.",
        "`may: {decide: [prod]}`",
        "Mend the name.",
    ),
    "E115": code(
        "key that is none",
        "A signer is known by its public Ed25519 key: 64 small hex digits, a different one for each.",
        "a key that was cut short when it was copied",
        "Copy the key again.",
    ),
    "E116": code(
        "name that is no signer's",
        "Records name their signer: letters, digits, `-` and `_`, each name once.",
        "`name: Ada Lovelace`",
        "Choose another name.",
    ),
    "E117": code(
        "threshold that cannot be met",
        "A change of the signers needs so many of their signatures, and there are fewer signers, or none is asked for.",
        "`threshold: 3` with two signers",
        "Lower it, or list more signers.",
    ),
    "E118": code(
        "no address",
        "An address is host:port; port 0 picks a free one.",
        "`listen: 127.0.0.1`",
        "Write `listen: 127.0.0.1:8080`, say.",
    ),
    "E119": code(
        "router and target do not fit",
        "On one machine requests are split by Envoy; the other routers belong to a cluster.",
        "`target: local` with `router: istio`",
        "Write `router: envoy`, or take it out.",
    ),
    "E120": code(
        "policy for no model",
        "The policy names a model that is not there, so its rules do nothing.",
        "`models: [dealy]`",
        "Mend the name.",
    ),
    "E121": code(
        "broken policy holds models",
        "A policy that cannot be used may have asked for gates. The models that it covers get no new version until it "
        "is mended; what serves goes on.",
        "a misspelt field in policies/all.yaml",
        "Mend the policy.",
    ),
    "E122": code(
        "name of no class",
        "Classes that a model file may hold are named as module:name.",
        "`allow: [mylib.Clean]`",
        "Write `mylib:Clean`.",
    ),
    "E123": code(
        "no address for records",
        "Records of predictions are sent by HTTP to whoever takes CloudEvents.",
        "`records: kafka://there`",
        "Write `records: https://collector.example/events`, say.",
    ),
    "E124": code(
        "records go nowhere",
        "A pod has no disk to keep them on, so in a cluster a model's records need an address.",
        "`target: kubernetes` without `records`, and a model with `serve: {records: {sample: 1%}}`",
        "Give the environment an address.",
    ),
    "E125": code(
        "users cannot be kept apart here",
        "An experiment keeps each user at one version, and neither the Gateway API nor Istio can say so by weights.",
        "`strategy: ab`, and an environment with `target: kubernetes` and `traffic: live`",
        "Use `strategy: canary` there.",
    ),
    "E126": code(
        "no address of Prometheus",
        "Guardrails ask Prometheus by HTTP.",
        "`prometheus: prometheus.example:9090`",
        "Write `prometheus: http://prometheus.example:9090`, say.",
    ),
    "E127": code(
        "price that is none",
        "A core and a GiB of memory cost nothing or more an hour; with it plans say what a rollout costs.",
        "`prices: {cpu: -0.04}`",
        "Write the price of an hour.",
    ),
}
