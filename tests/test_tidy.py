"""The style is a test: sizes, imports, root folder, marks, leaks, pages that agree with code.

What ruff, mypy and import-linter cannot say about the tree is said here, each rule once.
"""

import ast
import functools
import os
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ledger", "processors", "projections", "alerts", "consoles")
PURE_PACKAGES = PACKAGES[:-1]

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
# Path of a module, or path::function, with the reason why it may be larger. It may only shrink.
LARGER_WITH_REASON: dict[str, str] = {}

ROOT_FILES = {
    *(".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", "OPERATING.md"),
    *("README.md", "README.zh-CN.md", "RULES.md", "pyproject.toml", "requirements.lock"),
}
ROOT_FOLDERS = {*PACKAGES, ".ci", "bench", "deploy", "tests"}

# The pure parts of the standard library: no clock, file, network, thread, environment or chance.
PURE_STANDARD_LIBRARY = {
    *("__future__", "abc", "array", "base64", "binascii", "bisect", "calendar", "collections"),
    *("contextlib", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
    *("graphlib", "hashlib", "heapq", "hmac", "html", "itertools", "json", "math", "numbers"),
    *("operator", "re", "statistics", "string", "struct", "textwrap", "tomllib", "types"),
    *("typing", "typing_extensions", "unicodedata", "uuid", "zlib", "zoneinfo"),
}
PYDANTIC_ONLY_IN = "ledger.wire"
EFFECTS_BY_BUILTIN = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}

# Written so that these patterns do not find themselves.
UNFINISHED = re.compile(
    r"\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b|NotImplemented[E]rror|pytest\.mark\.(sk[i]p|xf[a]il)\b"
)
LEAKS = re.compile(
    r"/[w]ork/|/[f]arm/|/[r]oot/|/[t]mp/(venv|brief)|[p]ythonhosted|[p]ypi\.org|[r]egistry\.npmjs"
    r"|[c]rates\.io|[r]epo1?\.maven|[d]eb\.debian\.org|[p]roxy\.golang"
)
VAGUE_CLASS = re.compile(r"^Abstract|(Impl|Manager|Helper|Utils?)$")
VAGUE_MODULE = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}


@functools.cache
def tree() -> tuple[Path, ...]:
    """Files of the working tree, relative to the root: tracked, or new and not ignored."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = sorted(set(filter(None, listed.split("\0"))))
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


@functools.cache
def text_of(path: Path) -> str:
    """A file's text; empty for what is no text, as fonts and pictures are not."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@functools.cache
def syntax_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path), filename=str(path))


def modules(*folders: str) -> list[Path]:
    """Python files of the tree, of all folders or of those named."""
    found = [path for path in tree() if path.suffix == ".py"]
    return [path for path in found if not folders or path.parts[0] in folders]


def is_pure(path: Path) -> bool:
    return path.parts[0] in PURE_PACKAGES and "drivers" not in path.parts


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(syntax_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def places(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Every line that matches, as `path:line: text`."""
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]


@functools.cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads(text_of(Path("pyproject.toml")))


def distribution(requirement: str) -> str:
    """The normalised name of a requirement such as `uvicorn[standard]>=0.50,<1`."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]
    return name.lower().replace("_", "-")


def locked() -> dict[str, str]:
    """Name and version of every line of the lock."""
    return dict(re.findall(r"(?m)^([a-z0-9.-]+)==([^ ;\\]+)", text_of(Path("requirements.lock"))))


# --- size and names ----------------------------------------------------------------------------


def larger_than_allowed() -> dict[str, int]:
    larger = {}
    for path in modules():
        lines = len(text_of(path).splitlines())
        if lines > MODULE_LINES_MAX:
            larger[str(path)] = lines
        for function in functions(path):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES_MAX:
                larger[f"{path}::{function.name}"] = length
    return larger


def test_modules_and_functions_stay_small() -> None:
    larger = larger_than_allowed()
    found = {place: larger[place] for place in larger.keys() - LARGER_WITH_REASON.keys()}
    assert not found, f"split where two ideas live in one: {found}"


def test_no_exception_from_the_sizes_outlives_its_need() -> None:
    assert set(LARGER_WITH_REASON) <= set(larger_than_allowed())
    assert all(LARGER_WITH_REASON.values())


def test_no_module_or_class_has_a_name_that_says_nothing() -> None:
    vague = [str(path) for path in modules() if path.name in VAGUE_MODULE]
    for path in modules(*PACKAGES, "bench"):
        for node in ast.walk(syntax_of(path)):
            if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name):
                vague.append(f"{path}:{node.lineno}: {node.name}")
    assert not vague


def test_the_root_holds_only_what_the_design_lists() -> None:
    files = {path.name for path in tree() if len(path.parts) == 1}
    folders = {path.parts[0] for path in tree() if len(path.parts) > 1}
    assert files <= ROOT_FILES, f"not in the list: {sorted(files - ROOT_FILES)}"
    assert folders <= ROOT_FOLDERS, f"not in the list: {sorted(folders - ROOT_FOLDERS)}"


# --- marks and leaks ---------------------------------------------------------------------------


def test_nothing_is_left_unfinished() -> None:
    written = [path for path in tree() if path.suffix in {".py", ".toml", ".html", ".css", ".sh"}]
    found = places(UNFINISHED, [*written, Path("Makefile"), Path(".ci/run")])
    assert not found, "\n".join(found)


def test_no_file_names_a_path_of_a_machine_or_an_address_of_a_registry() -> None:
    found = places(LEAKS, list(tree()))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["# TO" + "DO later", "@pytest.mark." + "skip"])
def test_the_pattern_for_unfinished_marks_finds_them(text: str) -> None:
    assert UNFINISHED.search(text)


@pytest.mark.parametrize("text", ["see /" + "work/main", "https://py" + "pi.org/simple"])
def test_the_pattern_for_leaks_finds_them(text: str) -> None:
    assert LEAKS.search(text)


# --- the two rules -----------------------------------------------------------------------------


@functools.cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def test_pure_modules_import_only_what_is_pure() -> None:
    graph, found = imports(), []
    for module in sorted(graph.modules):
        parts = module.split(".")
        if parts[0] not in PURE_PACKAGES or "drivers" in parts:
            continue
        allowed = PURE_STANDARD_LIBRARY | {"ledger", parts[0]}
        allowed |= {"pydantic", "pydantic_core"} if module == PYDANTIC_ONLY_IN else set()
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if imported.partition(".")[0] not in allowed:
                found.append(f"{module} imports {imported}")
    assert not found, "only drivers and consoles meet the outside world:\n" + "\n".join(found)


def test_the_import_graph_sees_every_package() -> None:
    assert set(PACKAGES) <= imports().modules


def test_pure_modules_call_no_builtin_that_has_an_effect() -> None:
    found = [
        f"{path}:{node.lineno}: {node.func.id}()"
        for path in modules(*PURE_PACKAGES)
        if is_pure(path)
        for node in ast.walk(syntax_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in EFFECTS_BY_BUILTIN
    ]
    assert not found


# --- tests about tests -------------------------------------------------------------------------


def test_tests_have_no_package_file_and_no_two_files_of_one_name() -> None:
    names = Counter(path.name for path in modules("tests") if path.name != "conftest.py")
    assert "__init__.py" not in names, "pytest would import tests/ledger as `ledger`"
    assert not [name for name, count in names.items() if count > 1]


def test_tests_pass_values_and_not_mocks() -> None:
    mock = re.compile(r"^\s*(from|import)\s+(unittest(\.mock|\s+import\s+mock)|mock|pytest_mock)\b")
    found = places(mock, [path for path in modules("tests") if "drivers" not in path.parts])
    assert not found, "the memory drivers are the fakes:\n" + "\n".join(found)


def test_specifications_say_in_words_what_they_specify() -> None:
    silent = [
        f"{path}::{function.name}"
        for path in modules("tests")
        if path.parts[1] in {"conformance", "simulation"}
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert not silent


# --- pages, lock and commands agree with the configuration -------------------------------------


def test_each_run_time_dependency_has_its_reason_in_architecture() -> None:
    rows = re.findall(r"(?m)^\|([^|\n]+)\|([^|\n]+)\|", text_of(Path("ARCHITECTURE.md")))
    reasons = {distribution(name.replace("`", "")): reason.strip() for name, reason in rows}
    project = pyproject()["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    wanted = {distribution(line) for line in [*project["dependencies"], *extras]}
    assert not sorted(name for name in wanted if len(reasons.get(name, "")) < len("a reason"))


def test_the_newest_version_in_the_changelog_is_the_package_s() -> None:
    heading = r"(?m)^## \[?v?(\d+\.\d+\.\d+\S*?)\]?(?:\s|$)"
    versions = re.findall(heading, text_of(Path("CHANGELOG.md")))
    assert versions[:1] == [pyproject()["project"]["version"]]


def test_the_lock_covers_every_requirement() -> None:
    project, groups = pyproject()["project"], pyproject()["dependency-groups"]
    extras = project["optional-dependencies"]
    wanted = [line for group in groups.values() for line in group if isinstance(line, str)]
    wanted += [line for extra in extras.values() for line in extra]
    names = {distribution(line) for line in [*project["dependencies"], *wanted]}
    assert names <= set(locked()), "renew it: make lock"


def test_the_lock_has_a_hash_for_each_line_and_no_address() -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9])", text_of(Path("requirements.lock")))[1:]
    assert len(entries) == len(locked()) > 0
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text_of(Path("requirements.lock"))


def test_no_dependency_is_called_like_one_of_our_packages() -> None:
    assert not set(PACKAGES) & set(locked())


def test_each_target_of_the_makefile_is_short_and_explained() -> None:
    makefile = text_of(Path("Makefile"))
    targets = re.findall(r"(?m)^([a-z]+):.*## \S", makefile)
    (phony,) = re.findall(r"(?m)^\.PHONY: (.+)$", makefile)
    assert sorted(targets) == sorted(phony.split())
    recipes = re.findall(r"(?m)^\S+:.*\n((?:\t.*\n?)+)", makefile)
    assert max(len(recipe.splitlines()) for recipe in recipes) < 10


def test_make_demo_passes_its_options_on() -> None:
    inherited = {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "ARGS"}
    environment = {name: value for name, value in os.environ.items() if name not in inherited}
    run = subprocess.run(
        ["make", "-n", "demo", "ARGS=--no-browser --port 8765"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "hall demo --no-browser --port 8765" in run.stdout
