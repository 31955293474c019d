"""Codes of files, YAML, fields, names and paths."""

from collections.abc import Mapping

from headway.spec.codes.code import Code, code

__all__ = ["FILES"]

FILES: Mapping[str, Code] = {
    "E001": code(
        "not UTF-8",
        "Text is read as UTF-8 and as nothing else, so that a name is the same name everywhere.",
        "a file saved as UTF-16 or Latin-1",
        "Save the file as UTF-8.",
    ),
    "E002": code(
        "file that is not read",
        "Only regular files of at most 1 MiB are read; links, submodules and hostile names are not followed.",
        "`model.yaml` is a symbolic link, or holds a data set",
        "Put a regular file there, and data into files of their own.",
    ),
    "E003": code(
        "not YAML",
        "The parser cannot go on from here; nothing of the file is used.",
        "`stages: [5, 20`",
        "Close what is open, and indent with spaces.",
    ),
    "E004": code(
        "alias in YAML",
        "Anchors and aliases are not read: a few lines of them can make gigabytes.",
        "`serve: *defaults`",
        "Write the value out in each place, or use a Policy.",
    ),
    "E005": code(
        "tag in YAML",
        "Tags are not read: they ask a parser to make objects of its own.",
        "`seed: !!int 3`",
        "Take the tag out.",
    ),
    "E006": code(
        "YAML nested too deep",
        "More than 64 levels are not read; a wish needs about ten.",
        "80 kB of brackets",
        "Flatten the file.",
    ),
    "E007": code(
        "key is no text",
        "A key is a plain text; lists and mappings are none.",
        "`? [a, b] : 1`",
        "Write the name of a field.",
    ),
    "E008": code(
        "key twice",
        "A mapping holds each key once; which of two is meant, nobody can say.",
        "`window: 60s` and further down `window: 30s`",
        "Remove one of them.",
    ),
    "E009": code(
        "empty file",
        "A file of this name is expected to hold a document.",
        "`environments/production.yaml` with comments only",
        "Write the document, or remove the file.",
    ),
    "E010": code(
        "unknown kind",
        "A document says what it is by `kind:`. Locks and releases are written by Headway, on its own branch.",
        "`kind: Modle`",
        "Write Project, Model, Environment or Policy.",
    ),
    "E011": code(
        "wrong type",
        "The field takes another form: a text, a number, a list, a mapping.",
        "`files: train.py`, which is a text and no list",
        "`headway explain KIND.FIELD` shows the form.",
    ),
    "E012": code(
        "unknown field",
        "No field has this name, and what is not understood is not ignored.",
        "`replica: {min: 2}`",
        "Take the name that is suggested, or `headway explain KIND` for all of them.",
    ),
    "E013": code(
        "missing field",
        "The field has no default that would suit everybody.",
        "a model without `task`",
        "Add it; `headway explain KIND.FIELD` shows what it takes.",
    ),
    "E014": code(
        "none of its values",
        "The field takes one of a few words.",
        "`strategy: cannary`",
        "Write one of the words that are listed.",
    ),
    "E015": code(
        "no quantity of its kind",
        "A quantity names its unit: 60s, 5%, 0.5pp, 1.5x, 100/s, 512Mi. A bare number could mean several things.",
        "`window: 60`",
        "Write the unit.",
    ),
    "E016": code(
        "no known kind of entry",
        "Gates and guardrails are told apart by one key: metric, latency, signature, errors.",
        "`- {at_least: 0.7}` among the gates",
        "Add the key that says what is judged.",
    ),
    "E020": code(
        "no project",
        "headway.yaml names the environments and the signers; without it nothing can be decided.",
        "a repository without headway.yaml",
        "Run `headway init`.",
    ),
    "E021": code(
        "declared file is not there",
        "A step sees the declared files only; one that is missing cannot be shown to it.",
        "`files: [train.py, features.py]` without features.py beside model.yaml",
        "Add the file and commit it, or mend the path.",
    ),
    "E022": code(
        "document in the wrong place",
        "Each kind is looked for in one place: headway.yaml, models/NAME/model.yaml, environments/, policies/.",
        "a Policy in environments/",
        "Move the document.",
    ),
    "E024": code(
        "name twice",
        "Two documents of one kind have one name. Nothing says which holds, so neither does.",
        "two models called `delay`",
        "Rename one of them, or remove it.",
    ),
    "E025": code(
        "no name",
        "Names go into addresses and into objects of a cluster: at most 63 small letters, digits and `-`.",
        "`metadata: {name: Flight_Delay}`",
        "Choose a name such as flight-delay.",
    ),
    "E026": code(
        "path that is not taken",
        "Paths are relative to the model's folder and stay below it.",
        "`files: [../shared/features.py]`",
        "Put the file into the model's folder.",
    ),
    "E027": code(
        "file with another name",
        "By its name the file is meant for Headway, which does not look there.",
        "`models/delay/model.yml`",
        "Rename it as the finding says.",
    ),
    "E030": code(
        "data path matches nothing",
        "No file on this disk matches the path, so nothing can be pinned. Only the work tree is looked at: data are "
        "seldom in Git, and `headway check --commit` says nothing of them.",
        "`path: data/*.parquet` beside a folder of CSV files",
        "Put the files there, or mend the path.",
    ),
}
