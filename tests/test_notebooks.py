"""Notebooks run from top to bottom, hold no outputs, and end with what they do not show."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from tests.shared import PROJECT, VARIABLE, needs_shared

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


REAL = [path for path in NOTEBOOKS if VARIABLE in path.read_text(encoding="utf-8")]
"""Those that read real studies, which are not in the project."""
RUN = [pytest.param(path, marks=needs_shared if path in REAL else (), id=path.stem) for path in NOTEBOOKS]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.notebooks
# zmq and the event loop of the kernel warn about one another, which is no matter of the notebook's
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("path", RUN)
def test_it_runs(path) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    streams = [out for cell in cells for out in cell.outputs if out.get("name") == "stderr"]
    assert not streams, streams


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds_no_outputs_and_ends_with_what_it_does_not_show(path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert notebook.cells[-1].cell_type == "markdown"
    assert "does not show" in notebook.cells[-1].source.splitlines()[0]
