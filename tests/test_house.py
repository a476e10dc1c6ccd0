"""No module, function or package of the production code grows beyond what one can read at a sitting; and tests come to
use only what is public."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("matcher", "ingest", "api", "benchmarks")

MODULE_LINES = 350
"""All lines of the file."""

FUNCTION_LINES = 60
"""From `def` to its last line. Not counted: decorators and, of a command (`@app.command`), the signature: there it is
the list of its options."""

PACKAGE_MODULES = 20
"""Modules in the directory itself, without `__init__.py` and `__main__.py`."""


PRIVATE_NAMES = 47
"""How often tests use a private name of other code. Lower it with each that goes: it may not grow."""


def modules(root: Path, room: str) -> list[Path]:
    return sorted((root / room).rglob("*.py"))


def is_migration(root: Path, path: Path) -> bool:
    """Free of two limits: it is never changed again, and there is one more for each change of the tables."""
    return "migrations" in path.relative_to(root).parts


def long_modules(root: Path, room: str) -> list[str]:
    counted = ((path, len(path.read_text().splitlines())) for path in modules(root, room))
    return [f"{path.relative_to(root)}: {lines} lines" for path, lines in counted if lines > MODULE_LINES]


def long_functions(root: Path, room: str) -> list[str]:
    return [
        f"{path.relative_to(root)}: {name} has {lines} lines"
        for path in modules(root, room)
        if not is_migration(root, path)
        for name, lines in functions(path)
        if lines > FUNCTION_LINES
    ]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and lines of each function and method, also of those inside others."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            begins = node.body[0].lineno if is_command(node) else node.lineno
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - begins + 1


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    called = (one.func for one in node.decorator_list if isinstance(one, ast.Call))
    return any(isinstance(one, ast.Attribute) and one.attr in {"command", "callback"} for one in called)


def large_packages(root: Path, room: str) -> list[str]:
    counts: dict[Path, int] = {}
    for path in modules(root, room):
        if path.name not in {"__init__.py", "__main__.py"} and not is_migration(root, path):
            counts[path.parent] = counts.get(path.parent, 0) + 1
    return [f"{path.relative_to(root)}: {count} modules" for path, count in counts.items() if count > PACKAGE_MODULES]


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_is_too_long(room: str) -> None:
    assert modules(ROOT, room)
    found = long_modules(ROOT, room)
    assert not found, f"{'; '.join(found)}: split by what changes together: {MODULE_LINES} lines are the most"


@pytest.mark.parametrize("room", ROOMS)
def test_no_function_is_too_long(room: str) -> None:
    found = long_functions(ROOT, room)
    assert not found, f"{'; '.join(found)}: give its steps names of their own: {FUNCTION_LINES} lines are the most"


@pytest.mark.parametrize("room", ROOMS)
def test_no_package_has_too_many_modules(room: str) -> None:
    found = large_packages(ROOT, room)
    assert not found, f"{'; '.join(found)}: make a room of some of them: {PACKAGE_MODULES} modules are the most"


def test_what_is_at_a_limit_passes_and_what_is_beyond_is_named(tmp_path: Path) -> None:
    package = tmp_path / "matcher" / "store"
    package.mkdir(parents=True)
    for name in ["__init__", "__main__", *(f"noun_{at:02}" for at in range(PACKAGE_MODULES))]:
        (package / f"{name}.py").write_text("")
    (package / "noun_00.py").write_text("\n" * MODULE_LINES)
    (package / "noun_01.py").write_text(function("fits", FUNCTION_LINES))
    names = "".join(f"    option_{at}: str,\n" for at in range(FUNCTION_LINES))
    options = f"@app.command()\ndef add(\n{names}) -> None:\n"
    (package / "noun_02.py").write_text(options + "    pass\n" * FUNCTION_LINES)
    found = (long_modules, long_functions, large_packages)
    assert [finder(tmp_path, "matcher") for finder in found] == [[], [], []]

    (package / "noun_00.py").write_text("\n" * (MODULE_LINES + 1))
    (package / "noun_01.py").write_text("class Noun:\n" + function("grows", FUNCTION_LINES + 1, indent="    "))
    (package / "noun_02.py").write_text(options + "    pass\n" * (FUNCTION_LINES + 1))
    (package / "noun_20.py").write_text("")
    assert [finder(tmp_path, "matcher") for finder in found] == [
        ["matcher/store/noun_00.py: 351 lines"],
        ["matcher/store/noun_01.py: grows has 61 lines", "matcher/store/noun_02.py: add has 61 lines"],
        ["matcher/store: 21 modules"],
    ]


def test_migrations_may_be_many_and_long(tmp_path: Path) -> None:
    package = tmp_path / "matcher" / "store" / "migrations" / "versions"
    package.mkdir(parents=True)
    for at in range(PACKAGE_MODULES + 1):
        (package / f"{at:04}.py").write_text(function("upgrade", FUNCTION_LINES + 1))
    assert long_functions(tmp_path, "matcher") == large_packages(tmp_path, "matcher") == []


def function(name: str, lines: int, *, indent: str = "") -> str:
    return f"{indent}def {name}() -> None:\n" + f"{indent}    pass\n" * (lines - 1)


def private_names(path: Path) -> Iterator[str]:
    """Line and name of each private name that a module takes from another object or module, or has replaced there."""
    nodes = ast.walk(ast.parse(path.read_text()))
    for node in (one for one in nodes if isinstance(one, ast.expr | ast.stmt)):
        found: list[str] = []
        if isinstance(node, ast.Attribute) and not is_own(node.value):
            found = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and re.search(r"attr|patch", ast.unparse(node.func)):
            texts = (one.value for one in node.args[:2] if isinstance(one, ast.Constant))
            found = [str(text).rpartition(".")[2] for text in texts if re.fullmatch(r"[\w.]+", str(text))]
        yield from (f"{node.lineno}: {name}" for name in found if re.match(r"_(?!_)\w", name))


def is_own(value: ast.expr) -> bool:
    """Of the class that is written here; and os._exit, which has no public name."""
    return ast.unparse(value) in {"self", "cls", "super()", "os"}


def test_tests_use_no_more_private_names_than_they_did() -> None:
    found = [f"{path.relative_to(ROOT)}:{name}" for path in modules(ROOT, "tests") for name in private_names(path)]
    assert len(found) == PRIVATE_NAMES, "\n".join(
        [f"{len(found)} private names, PRIVATE_NAMES says {PRIVATE_NAMES}: use what is public, and lower it", *found]
    )


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("store._engine", ["_engine"]),
        ("from a.b import _c", ["_c"]),
        ("monkeypatch.setattr('a.b._c', 1)", ["_c"]),
        ("patch.setattr(store, '_engine', 1)", ["_engine"]),
        ("self._engine, cls._engine, super()._engine, store.__dict__, os._exit(0)", []),
        ("print('_c')", []),
    ],
)
def test_a_private_name_is_noticed(tmp_path: Path, code: str, names: list[str]) -> None:
    (tmp_path / "test_made_up.py").write_text(code)
    assert list(private_names(tmp_path / "test_made_up.py")) == [f"1: {name}" for name in names]
