"""The house stands as it was drawn: imports go down, rooms stay small, the façade tells the truth."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import honestsignals
from tests.shared import PROJECT

PACKAGE = PROJECT / "honestsignals"
MODULES = sorted(PACKAGE.rglob("*.py"))

NAMES = {".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in MODULES}

# From the ground up. A module may import what stands on a lower line, or its own room.
LAYERS = [
    ["errors", "glossary", "progress", "references"],
    ["metrics"],
    ["inference"],
    ["catalogue", "tables"],
    ["exporting"],
    ["printed"],
    ["metric_table"],
    ["engines"],
    ["covariates", "dyads", "graph", "pairs", "standardising"],
    ["ladder_terms"],
    ["readers"],
    ["act_forms", "moments"],
    ["fold_arguments", "fold_columns", "given_folds"],
    ["folding"],
    ["splitters"],
    ["ties_of"],
    ["networks"],
    ["definitions", "matrix_tests", "people", "windows"],
    ["measurable"],
    ["log"],
    ["redrawing"],
    ["drawn_nulls"],
    ["return_waits"],
    ["depth_rows"],
    ["tie_paths"],
    ["return_groups"],
    ["returns"],
    ["returning"],
    ["fail_events"],
    ["stifle_study"],
    ["stifle_tables"],
    ["stifle_results"],
    ["unreturned"],
    ["stifle_ratios"],
    ["hazard_terms"],
    ["hazard_rows"],
    ["hazard_columns"],
    ["nulls"],
    ["stored_parts"],
    ["stored_tables"],
    ["stored_writing"],
    ["stored_logs", "spark_sessions", "spark_tables"],
    ["spark_designs", "spark_people"],
    ["spark_logs"],
    ["spark_reading"],
    ["reading", "study_file", "labels"],
    ["storing"],
    ["turn_moderators", "turn_rows"],
    ["depth_matching", "turn_tables"],
    ["asked", "label_columns", "label_network"],
    ["answers", "study"],
    ["act_kinds"],
    ["study_folder"],
    ["squares"],
    ["round_robins"],
    ["social_components"],
    ["social_relations"],
    ["formula_calls"],
    ["formula_words"],
    ["column_checks", "formula_rows", "new_values"],
    ["formulas"],
    ["standard_errors"],
    ["averaging", "contrasts", "result_rows"],
    ["stated_values"],
    ["margins", "predictions", "simple_slopes"],
    ["moderated_slopes"],
    ["hazard_slopes"],
    ["hazards"],
    ["tie_survivals"],
    ["decomposing", "result"],
    ["model_rows"],
    ["label_families", "row_batches", "streamed_terms"],
    ["dealt_rows", "streamed_design", "streamed_results"],
    ["streamed_fits"],
    ["fixed_effects"],
    ["fitting"],
    ["moderating", "rating_error"],
    ["told_terms"],
    ["rungs", "fold_designs", "learners", "leaks"],
    ["evaluation_plan"],
    ["judging"],
    ["fold_scores"],
    ["canaries", "importances", "learning_curves"],
    ["evaluation_words", "meta_rows"],
    ["evaluation"],
    ["evaluating", "meta_analyses"],
    ["friendship_classes", "joint_results"],
    ["bend_rows"],
    ["disclosure_bends", "mutuality", "panel_rows"],
    ["feedback_rows", "panels"],
    ["feedback_moderators"],
    ["feedback_fits"],
    ["feedback_loops"],
    ["actor_partner_rows"],
    ["actor_partner"],
    ["permutation", "person_blocks"],
    ["permuting"],
    ["correlating"],
    ["papers"],
    ["comparing"],
    ["making_studies"],
    ["processes", "truths"],
    ["simulation"],
    ["disclosing"],
    ["conversing"],
    ["deepening", "stifle_truth"],
    ["drawing_disclosure"],
    ["simulating_disclosure"],
    ["figures"],
    ["reporting"],
    ["measure_commands"],
    ["inference_commands"],
    ["cli"],
    ["__main__", "__init__"],
]
# The façade of a room may hand over a frame; elsewhere numbers stay in arrays.
ARRAYS_ONLY = {"metrics": {"numpy", "scipy", "pandas"}, "inference": {"numpy", "scipy", "statsmodels"}}
COMMANDS = ("cli.py", "inference_commands.py", "measure_commands.py")
"""Typer makes an option of every parameter."""
HEAVY = {
    "statsmodels",
    "formulaic",
    "sklearn",
    "matplotlib",
    "scipy.stats",
    "jinja2",
    "tabulate",
    "networkx",
    "rich",
    "openpyxl",
    "pyreadstat",
    "pyspark",
}


def dotted(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    """First name below the package: the room or module that a layer names."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def level(name: str) -> int:
    for height, rooms in enumerate(LAYERS):
        if name in rooms:
            return height
    raise AssertionError(f"{name} stands on no layer: add it to LAYERS where it belongs")


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every import, inside functions and under TYPE_CHECKING too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            base = node.module or ""
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                yield (inside if inside in NAMES or base == "honestsignals" else base), node.lineno


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_go_down_only(path) -> None:
    here = room(dotted(path))
    if here == "__init__":
        return
    for name, line in imports(tree_of(path)):
        # the version is the package's own, and the only thing anybody takes from the façade
        if not name.startswith("honestsignals") or name == "honestsignals.__version__":
            continue
        there = room(name)
        allowed = there == here or level(there) < level(here)
        # the version is the package's own, and the only thing anybody takes from the façade
        assert allowed or name == "honestsignals.__version__", (
            f"{path}:{line} imports {name}, which is not below"
        )


def test_there_is_no_cycle_within_a_room() -> None:
    edges = {
        dotted(path): {name for name, _ in imports(tree_of(path)) if name.startswith("honestsignals.")}
        for path in MODULES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"cycle: {' -> '.join([*trail, module])}"
        if module not in done and module in edges and module != "honestsignals":
            for target in edges[module]:
                visit(target, (*trail, module))
            done.add(module)

    for module in edges:
        visit(module, ())


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_numbers_happen_in_functions_of_arrays(path) -> None:
    here = room(dotted(path))
    if here not in ARRAYS_ONLY:
        return
    allowed = set(ARRAYS_ONLY[here])
    if here == "metrics" and path.name != "__init__.py":
        allowed.discard("pandas")
    for name, line in imports(tree_of(path)):
        top = name.split(".")[0]
        if top not in sys.stdlib_module_names and top != "honestsignals":
            assert top in allowed, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_heavy_libraries_load_on_first_use(path) -> None:
    for node in tree_of(path).body:
        for name, line in imports(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else ():
            heavy = any(name == one or name.startswith(one + ".") for one in HEAVY)
            assert not heavy, f"{path}:{line} loads {name} with the module"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_modules_and_functions_are_small(path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        length = (node.end_lineno or 0) - body[0].lineno + 1
        assert length <= 40, f"{path}:{node.lineno} {node.name} has {length} lines"
        if path.name in COMMANDS:
            continue
        placed = [one for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in ("self", "cls")]
        assert len(placed) <= 5, f"{path}:{node.lineno} {node.name} has {len(placed)} positional parameters"
        assert len(placed) + len(node.args.kwonlyargs) <= 8, f"{path}:{node.lineno} {node.name}"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_public_things_have_docstrings_and_library_code_no_asserts(path) -> None:
    tree = tree_of(path)
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno} asserts"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path}:{node.lineno} excepts everything"
        if isinstance(node, ast.arguments):
            assert node.kwarg is None or path.name == "registry.py", f"{path} takes **{node.kwarg.arg}"
    public = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    for owner in public:
        for node in owner.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                overload = any(
                    getattr(one, "id", "") == "overload" for one in getattr(node, "decorator_list", [])
                )
                assert overload or ast.get_docstring(node), (
                    f"{path}:{node.lineno} {node.name} has no docstring"
                )


def test_the_facade_is_what_all_says() -> None:
    from honestsignals import _HOMES

    assert sorted(honestsignals.__all__) == sorted(_HOMES)
    for name in honestsignals.__all__:
        assert getattr(honestsignals, name) is not None
    checked = next(node for node in tree_of(PACKAGE / "__init__.py").body if isinstance(node, ast.If))
    typed = {alias.name for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == set(honestsignals.__all__)
    with pytest.raises(AttributeError, match="Did you mean 'read_log'"):
        _ = honestsignals.read_logs


def test_the_package_loads_without_its_heavy_libraries() -> None:
    heavy = ("pandas", "duckdb", "statsmodels", "matplotlib", "scipy")
    code = f"import sys, honestsignals; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
