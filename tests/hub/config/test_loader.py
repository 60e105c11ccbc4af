"""The YAML loader: tags, lines and every mistake at once."""

from pathlib import Path

import pytest

from hub.config.loader import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, **files: str) -> Path:
    """Write `name=text` as name.yaml and return hub.yaml."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "hub.yaml"


def texts(path: Path) -> list[str]:
    """Return the problems with the folder cut off."""
    return [str(one).replace(f"{path.parent}/", "") for one in load(path).problems]


def test_values_know_their_lines_also_in_included_files(folder: Path) -> None:
    path = write(folder, hub="a: 1\nb: !include part.yaml\n", part="- x: 2\n- x: 3\n")
    loaded = load(path)
    assert loaded.value == {"a": 1, "b": [{"x": 2}, {"x": 3}]}
    assert loaded.where(("a",)) == (str(path), 1)
    assert loaded.where(("b", 1, "x")) == (str(folder / "part.yaml"), 2)
    assert loaded.where(("b", 1, "missing", "deeper")) == (str(folder / "part.yaml"), 2)


def test_secret_is_looked_up_beside_the_file_and_then_above(folder: Path) -> None:
    path = write(
        folder, hub="a: !secret top\nb: !include deep/part.yaml\n", secrets="top: one\nlow: x\n"
    )
    (folder / "deep").mkdir()
    write(folder / "deep", part="[!secret low, !secret top]\n", secrets="low: two\n")
    assert load(path).value == {"a": "one", "b": ["two", "one"]}


def test_environment_variable_and_its_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TEST_NAME", "from outside")
    path = write(folder, hub="a: !env_var HUB_TEST_NAME x\nb: !env_var HUB_TEST_NONE two words\n")
    assert load(path).value == {"a": "from outside", "b": "two words"}


def test_merge_keys_may_be_overridden(folder: Path) -> None:
    path = write(folder, hub="base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\n")
    loaded = load(path)
    assert loaded.value["more"] == {"a": 1, "b": 3}
    assert loaded.problems == []


def test_every_mistake_is_told_with_its_line(folder: Path) -> None:
    text = (
        "a: 1\na: 2\nb: !secret none\nc: !env_var HUB_TEST_NONE\nd: !include none.yaml\n"
        "e: !include ../outside.yaml\nf: !include part.yaml\ng: !wrong x\nh: !secret [x]\n"
    )
    path = write(folder, hub=text, part="x: 1\ny: {z: 1, z: 2}\nw: !include part.yaml\n")
    assert texts(path) == [
        "hub.yaml:2: 'a' is given twice; first in line 1",
        "hub.yaml:3: !secret none: secrets.yaml has no such name",
        "hub.yaml:4: !env_var HUB_TEST_NONE: the variable is not set and has no default",
        "hub.yaml:5: !include none.yaml: there is no such file",
        "hub.yaml:6: !include ../outside.yaml leaves the configuration folder",
        "part.yaml:2: 'z' is given twice; first in line 2",
        "part.yaml:3: !include part.yaml includes itself",
        "hub.yaml:8: unknown tag !wrong; known are !include, !secret and !env_var",
        "hub.yaml:9: !secret can not stand before a list or a mapping",
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: [1, 2\nb: 3\n", "hub.yaml:2: not valid YAML: "),
        ("a: 1\n b: 2\n", "hub.yaml:2: not valid YAML: "),
        ("a: *nothing\n", "hub.yaml:1: not valid YAML: "),
        ("a: \x00\n", "hub.yaml: not valid YAML: "),
        ("---\na: 1\n---\nb: 2\n", "hub.yaml:3: not valid YAML: "),
        ("a: &a [*a]\n", "hub.yaml"),
        ("&a [&b [*b]]\n", "hub.yaml"),
        ("? [1, 2]\n: 3\n", "hub.yaml:1: a key must be a single word"),
        ("a: 2026-13-45\n", "hub.yaml:1: not a valid value"),
    ],
)
def test_broken_text(folder: Path, text: str, start: str) -> None:
    [problem] = texts(write(folder, hub=text))
    assert problem.startswith(start)


def test_aliases_that_multiply_without_end(folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "nested too deeply" in texts(write(folder, hub="\n".join(lines)))[0]


def test_a_file_that_is_missing_or_not_text(folder: Path) -> None:
    assert texts(folder / "hub.yaml") == ["hub.yaml: cannot be read: No such file or directory"]
    (folder / "hub.yaml").write_bytes(b"a: \xff\xfe")
    assert texts(folder / "hub.yaml") == ["hub.yaml: cannot be read: is not UTF-8 text"]


def test_secrets_do_not_look_up_themselves(folder: Path) -> None:
    path = write(folder, hub="a: !secret one\n", secrets="one: !secret two\n")
    assert texts(path)[0] == "secrets.yaml:1: secrets.yaml can not use !secret itself"
