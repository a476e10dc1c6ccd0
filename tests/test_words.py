"""Code, pages and documents keep to docs/glossary.md: each term is used, and no word that is listed as not used is."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
PACKAGES = ("matcher", "ingest", "api", "benchmarks", "tests", "deploy")
KINDS = {".py", ".md", ".html", ".js", ".yml", ".sh"}

EXCEPTIONS = {
    "docs/glossary.md": "lists the words",
    "tests/test_words.py": "tests for the words",
    "benchmarks/RESULTS.md": "is generated from stored records",
    "benchmarks/choices/variants.py": "names variants as stored records do",
    "matcher/log/bodies/parts.py": "has the descriptions of the published schema",
    "matcher/log/version_1/": "is frozen: it must read old logs as they were written",
    "matcher/store/migrations/versions/": "is frozen: a migration is never changed again",
    "tests/matcher/log/version_1/": "is frozen with the log of version 1 that it wrote",
}
"""Files and folders that may have any word, each with the reason."""

API_NAMES = {"retold"}
"""Fields of the API that keep their names, since callers know them."""

FORMS = {
    "Who …": r"(?:^|(?<=[.:;]\s))Who\s(?!Out$)(?![^.?]*\?)",
    "he": r"(?<![-\w'])he(?![-\w'])",
}
"""Words of the table that need more than word borders: a question may begin with "Who"."""


@cache
def terms() -> list[str]:
    """The first column of the tables of terms."""
    part = GLOSSARY.read_text().partition("## Words that are not used")[0]
    return [row for row in re.findall(r"^\| ([^|]+?) \|", part, re.MULTILINE) if row != "term"]


@cache
def unused_words() -> list[str]:
    """The words in backquotes in the first column of the last table."""
    part = GLOSSARY.read_text().partition("## Words that are not used")[2]
    return [word for row in re.findall(r"^\| (.+?) \|", part, re.MULTILINE) for word in re.findall(r"`(.+?)`", row)]


@cache
def pattern(word: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, word.split()))
    return re.compile(FORMS.get(word) or rf"\b{words}\b", flags(word) | re.MULTILINE)


def flags(word: str) -> re.RegexFlag:
    return re.NOFLAG if word[0].isupper() else re.IGNORECASE


def split_name(name: str) -> str:
    """The words of a name in snake case or camel case, separated by blanks."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name).strip()


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each name, comment, docstring and other string of a module; of any other file, of each line."""
    source = path.read_text()
    if path.suffix != ".py":
        yield from enumerate(source.splitlines(), 1)
        return
    yield 1, split_name(path.stem)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, " ".join(node.value.split())
        else:
            yield from ((line, split_name(name)) for line, name in names(node))
    yield from comments(source)


def names(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The names that a node defines; attributes of other objects count where they are defined."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.lineno, node.name
    elif isinstance(node, ast.arg):
        yield node.lineno, node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.lineno, node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.lineno, node.attr


def comments(source: str) -> Iterator[tuple[int, str]]:
    """The comments; those of successive lines as one text."""
    found: list[tuple[int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line, text = token.start[0], token.string.lstrip("# ")
            if found and found[-1][1] == line - 1:
                first, _, before = found.pop()
                found.append((first, line, f"{before} {text}"))
            else:
                found.append((line, line, text))
    yield from ((first, text) for first, _, text in found)


def files(root: Path) -> list[Path]:
    """The code, pages and documents under a root, except what `EXCEPTIONS` names."""
    found = [*root.glob("*.md"), *(path for package in (*PACKAGES, "docs") for path in (root / package).rglob("*"))]
    return sorted(
        path
        for path in found
        if path.suffix in KINDS
        and not path.relative_to(root).as_posix().startswith(tuple(EXCEPTIONS))
        and path.is_file()
    )


def found_words(path: Path, words: list[str]) -> list[str]:
    read = [(line, text) for line, text in texts(path) if text not in API_NAMES]
    return [
        f"{path.name}:{line}: {word}: {text.strip()[:100]}"
        for word in words
        if pattern(word).search("\n".join(text for _, text in read))
        for line, text in read
        if pattern(word).search(text)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_words_that_are_not_used_do_not_occur(package: str) -> None:
    paths = [path for path in files(ROOT) if path.relative_to(ROOT).parts[:-1][:1] == ((package,) if package else ())]
    assert paths
    found = [f"{path.parent.relative_to(ROOT)}/{line}" for path in paths for line in found_words(path, unused_words())]
    assert not found, "\n".join(["docs/glossary.md names what to write instead of:", *found])


@pytest.mark.slow
def test_every_term_is_used_in_the_code() -> None:
    code = "\n".join(
        text
        for package in ("matcher", "ingest", "api", "benchmarks")
        for path in sorted((ROOT / package).rglob("*.py"))
        for _, text in texts(path)
    )
    code = code.lower()
    missing = [term for term in terms() if term.lower() not in code and term.lower().replace("-", " ") not in code]
    assert len(terms()) > 50
    assert not missing, f"docs/glossary.md defines terms that the code does not use: {', '.join(missing)}"


def test_each_exception_still_exists() -> None:
    missing = [name for name in EXCEPTIONS if not (ROOT / name).exists()]
    assert not missing, f"remove from EXCEPTIONS: {', '.join(missing)}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('"""Whoever asks waits."""', "whoever"),
        ("# one\n# is told\n# of it", "told of"),
        ("def so_many() -> None: ...", "so many"),
        ("class OldStory: ...", "story"),
        ('raise ValueError("It is made anew.")', "anew"),
        ('"""Waits. Who comes first is served."""', "Who …"),
        ('"""The thread ends when he is ready."""', "he"),
    ],
)
def test_a_word_that_is_not_used_is_noticed(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "test_made_up.py").write_text(text)
    assert any(f": {word}: " in found for found in found_words(tmp_path / "test_made_up.py", unused_words()))


@pytest.mark.parametrize("text", ['"""Who signs the log?"""', "x = 'the history'", "def count(): ...", "# a whole"])
def test_other_words_are_not(tmp_path: Path, text: str) -> None:
    (tmp_path / "test_made_up.py").write_text(text)
    assert found_words(tmp_path / "test_made_up.py", unused_words()) == []
