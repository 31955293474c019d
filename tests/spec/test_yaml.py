"""YAML of unknown origin: every file ends in nodes or findings, and nothing that it says can make it cost much."""

import math
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headway.spec.yaml import MOST_BYTES, MOST_DEPTH, MOST_FAULTS, Node, Scalar, read_nodes

# Texts that look like YAML: what random characters would need years to come upon.
PIECES = st.sampled_from(
    ["a", ": ", "\n", "- ", "  ", "[", "]", "{", "}", ", ", "&a ", "*a", "!!str ", "? ", "'", '"', "|", ">", "#",
     "---\n", "...\n", "%TAG ! x\n", "<<: ", "\t", "1.10", "yes", "null", "~", "\\", "é", "\x00", "\x85",
     "\ufeff", "0x1f"]
)  # fmt: skip
YAMLISH = st.lists(PIECES, max_size=60).map("".join)


def value(text: str) -> Scalar:
    nodes, findings = read_nodes("f.yaml", f"a: {text}\n".encode())
    assert not findings
    found: Scalar = nodes[0].fields["a"][1].value
    return found


def below(node: Node, depth: int = 1) -> Iterator[int]:
    yield depth
    for key, each in node.fields.values():
        yield from below(key, depth + 1)
        yield from below(each, depth + 1)
    for item in node.items:
        yield from below(item, depth + 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("yes", "yes"), ("off", "off"), ("true", True), ("FALSE", False), ("tRue", "tRue"), ("null", None), ("~", None),
        ("", None), ("'null'", "null"), ('"1"', "1"), ("012", 12), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"),
        ("1:30", "1:30"), ("-0", 0), ("1.10", 1.1), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0),
        ("2001-01-01", "2001-01-01"),
        (".inf", math.inf), ("-.INF", -math.inf), ("+12", 12), ("1e", "1e"), ("٣", "٣"), ("=", "="),
        ("9" * 41, float("9" * 41)),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, wanted: Scalar) -> None:
    found = value(text)
    assert found == wanted
    assert type(found) is type(wanted)


def test_a_number_keeps_its_text() -> None:
    node = read_nodes("f.yaml", b"version: 1.10")[0][0].fields["version"][1]
    assert (node.text, node.value) == ("1.10", 1.1)


def test_a_block_is_a_text_whatever_it_says() -> None:
    node = read_nodes("f.yaml", b"a: |\n  12\n")[0][0].fields["a"][1]
    assert node.value == "12\n"


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"a: 1\nb: \xff", "E001", 2, 4),
        (b"\xff\xfea\x00", "E001", 1, 1),
        (b"#" * (MOST_BYTES + 1), "E002", 0, 0),
        (b"a: [1, 2", "E003", 2, 1),
        (b"a: 1\nb: \x07", "E003", 2, 4),
        (b"a: 1\n\tb: 2", "E003", 2, 1),
        (b"a: &x 1", "E004", 1, 4),
        (b"a: *x", "E004", 1, 4),
        (b"a: !!python/object/apply:os.system [ls]", "E005", 1, 4),
        (b"a: !x 1", "E005", 1, 4),
        (b"- " * 200 + b"1", "E006", 1, 2 * MOST_DEPTH + 1),
        (b"? [a]\n: 1", "E007", 1, 3),
        (b"a: 1\nb: 2\na: 3", "E008", 3, 1),
        (b"{a: 1, 'a': 2}", "E008", 1, 8),
    ],
)
def test_what_is_no_plain_yaml_is_a_finding_with_its_place(data: bytes, code: str, line: int, column: int) -> None:
    _, findings = read_nodes("f.yaml", data)
    assert (findings[0].code, findings[0].place.line, findings[0].place.column) == (code, line, column)


@pytest.mark.parametrize("data", [b"[" * 80_000, b"{a: " * 20_000, b"[" * 40_000 + b"]" * 40_000, b"? " * 40_000])
def test_80_kb_of_brackets_are_one_finding(data: bytes) -> None:
    nodes, findings = read_nodes("f.yaml", data)
    assert (nodes, [finding.code for finding in findings]) == ([], ["E006"])


def test_the_deepest_file_that_is_read_is_read() -> None:
    deep = b"[" * MOST_DEPTH + b"]" * MOST_DEPTH
    nodes, findings = read_nodes("f.yaml", deep)
    assert not findings
    assert max(below(nodes[0])) == MOST_DEPTH
    assert [fault.code for fault in read_nodes("f.yaml", b"[" + deep + b"]")[1]] == ["E006"]


def test_a_billion_laughs_make_no_node_more() -> None:
    lines = [b"a0: &a0 [x, x]"] + [b"a%d: &a%d [*a%d, *a%d]" % (n, n, n - 1, n - 1) for n in range(1, 30)]
    nodes, findings = read_nodes("f.yaml", b"\n".join(lines))
    assert {finding.code for finding in findings} == {"E004"}
    assert sum(1 for node in nodes for _ in below(node)) < 200


def test_every_fault_of_a_file_is_told_up_to_a_bound() -> None:
    _, few = read_nodes("f.yaml", b"a: &x 1\na: !t 2\nb: *x\n")
    assert [finding.code for finding in few] == ["E004", "E005", "E008", "E004"]
    _, many = read_nodes("f.yaml", b"a: 1\n" * 5000)
    assert len(many) == MOST_FAULTS


def test_documents_of_one_file_are_told_apart_and_empty_ones_left_out() -> None:
    nodes, findings = read_nodes("f.yaml", b"--- \n---\na: 1\n...\n---\n# nothing\n---\nb\n")
    assert not findings
    assert [(node.kind, node.place.line) for node in nodes] == [("mapping", 3), ("scalar", 8)]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert list(read_nodes("f.yaml", b"\xef\xbb\xbfa: 1")[0][0].fields) == ["a"]


@given(st.one_of(st.binary(max_size=300), YAMLISH.map(str.encode), st.text(max_size=300).map(str.encode)))
@example(b"%YAML 9.9\n---\n")
@example(b"a: " + b"1" * 10_000)
@example("\ud800".encode(errors="surrogatepass"))
def test_whatever_the_bytes_nodes_and_findings_come_back(data: bytes) -> None:
    nodes, findings = read_nodes("f.yaml", data)
    assert len(findings) <= MOST_FAULTS + 1
    for finding in findings:
        lines = data.decode(errors="replace").splitlines() or [""]
        assert 0 <= finding.place.line <= len(lines) + 1
        assert finding.what
        assert finding.why
        assert finding.do
    # A node costs at least a character of the file, but for the nothing that stands after a key.
    assert sum(1 for node in nodes for _ in below(node)) <= 2 * len(data) + 1


@given(st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**30), 10**30), st.text("abc: -#'\"", max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=12,
))  # fmt: skip
def test_json_is_read_as_what_it_says(document: object) -> None:
    def plain(node: Node) -> object:
        if node.kind == "mapping":
            return {name: plain(each) for name, (_, each) in node.fields.items()}
        return [plain(item) for item in node.items] if node.kind == "list" else node.value

    nodes, findings = read_nodes("f.yaml", msgspec.json.encode({"it": document}))
    assert not findings
    assert plain(nodes[0]) == {"it": document}
