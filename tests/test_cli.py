"""The command line: what it writes, what it refuses, and that it is quick to answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import honestsignals as hs
from honestsignals import cli, progress
from honestsignals.metrics import table
from tests.folders import write_study

HEAVY = ("pandas", "numpy", "duckdb", "statsmodels", "matplotlib", "scipy", "jinja2", "rich", "networkx")
RUNNER = CliRunner()


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = RUNNER.invoke(cli.app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path / "study")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "calls.csv"
    path.write_text("from,to,at,kind\na,b,0,sms\nb,a,60,sms\na,c,120,call\n", encoding="utf-8")
    return path


# help


def test_help_says_the_commands_and_the_exit_codes() -> None:
    done = python("-m", "honestsignals", "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    for word in ("report", "dyads", "metrics", "simulate", "version", "Exit codes", "0 done", "2 refused"):
        assert word in done.stdout


def test_the_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, honestsignals.cli, typer.testing\n"
        "typer.testing.CliRunner().invoke(honestsignals.cli.app, ['--help'])\n"
        f"print(*(name for name in {HEAVY} if name in sys.modules))"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_help_takes_less_than_half_a_second_of_processor_time() -> None:
    code = (
        "import runpy, sys, time\n"
        "sys.argv = ['honestsignals', '--help']\n"
        "try:\n    runpy.run_module('honestsignals', run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "print(time.process_time(), file=sys.stderr)"
    )
    assert float(python("-c", code).stderr) < 0.5


@pytest.mark.parametrize("command", ["report", "dyads", "metrics", "simulate", "version"])
def test_every_command_has_help(command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Usage:" in out


def test_version_is_the_package_s() -> None:
    assert run("version") == (0, f"{hs.__version__}\n", "")


# report


def test_report_writes_a_folder_and_says_what_it_found(study: Path, tmp_path: Path) -> None:
    code, out, err = run("report", study, "--label", "friendship", "-o", tmp_path / "report")
    assert code == 0
    assert err == ""
    assert "Base rate of friendship" in out
    assert (tmp_path / "report" / "report.html").is_file()
    assert run("report", study, "-o", tmp_path / "report")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "STUDY", "--label", "frendship", "-o", "HOME/report"), "Did you mean 'friendship'?"),
        (("report", "HOME/nowhere", "-o", "HOME/report"), "nowhere"),
        (("report", "STUDY", "-o", "STUDY"), "holds what no report wrote"),
        (("dyads", "STUDY", "-o", "HOME/dyads.docx"), "ends in none of .csv"),
        (("dyads", "STUDY", "-o", "HOME/none/dyads.csv"), "There is no folder"),
        (("dyads", "STUDY", "-o", "HOME/dyads.csv", "--metrics", "returnd_share"), "Did you mean"),
        (("dyads", "STUDY", "-o", "HOME/dyads.csv", "--time-unit", "s"), "--time-unit is for a log"),
        (("dyads", "LOG", "-o", "HOME/dyads.csv", "--label", "friendship"), "so it has no label"),
        (("dyads", "LOG", "-o", "HOME/dyads.csv", "--column", "sender"), "must read KEY=NAME"),
        (("dyads", "LOG", "-o", "HOME/dyads.csv"), "sender"),
        (("metrics", "returned_shar"), "Did you mean 'returned_share'?"),
        (("metrics", "--csv", "--json"), "Choose one"),
        (("simulate", "STUDY"), "is there already"),
    ],
)
def test_what_is_refused_is_one_message_and_writes_nothing(
    study: Path, log: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    places = {"STUDY": str(study), "HOME": str(tmp_path), "LOG": str(log)}
    given = [
        str(Path(places.get(first, first), *rest)) for first, *rest in (one.split("/") for one in arguments)
    ]
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(*given)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("honestsignals: ")
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_what_the_system_refuses_is_said_too(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("honestsignals.reporting.page.html_page", full)
    code, _, err = run("report", study, "-o", tmp_path / "report")
    assert code == 2
    assert "No space left on device" in err
    assert not (tmp_path / "report").exists()


def test_a_wrong_option_is_refused_with_the_same_code() -> None:
    assert run("report")[0] == 2
    assert python("-m", "honestsignals", "reprot").returncode == 2


# dyads


def test_dyads_of_a_study_as_csv_with_its_codebook(study: Path, tmp_path: Path) -> None:
    target = tmp_path / "dyads.csv"
    chosen = ("--metrics", "acts,in_contact", "--metrics", "returned_share")
    code, out, err = run("dyads", study, "-o", target, "--label", "friendship", *chosen)
    assert (code, err) == (0, "")
    assert "Base rate of friendship" in out
    expected = hs.open_study(study).dyads(
        label="friendship", metrics=["acts", "in_contact", "returned_share"]
    )
    plain = pd.read_csv(target, parse_dates=["asked"])
    pd.testing.assert_frame_equal(plain, expected.frame, check_dtype=False)
    pd.testing.assert_frame_equal(hs.read_export(target), expected.frame)
    codebook = pd.read_csv(tmp_path / "dyads.codebook.csv")
    assert list(codebook["column"]) == list(expected.frame.columns)


def test_dyads_of_a_log_as_parquet(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "dyads.parquet"
    columns = [part for pair in ("sender=from", "receiver=to", "time=at") for part in ("--column", pair)]
    times = ("--time-unit", "s", "--time-origin", "relative", "--until", "100")
    code, out, _ = run("dyads", log, "-o", target, *columns, *times, "--pairs", "all")
    assert code == 0
    frame = pd.read_parquet(target)
    assert len(frame) == 3
    assert frame["acts"].sum() == 2
    assert "Only acts before 100" in out
    assert (tmp_path / "dyads.parquet.codebook.csv").is_file()


def test_dyads_until_a_date(study: Path, tmp_path: Path) -> None:
    code, _, _ = run("dyads", study, "-o", tmp_path / "dyads.csv", "--until", "2024-01-02")
    assert code == 0
    assert pd.read_csv(tmp_path / "dyads.csv")["acts"].sum() == 2
    code, _, err = run("dyads", study, "-o", tmp_path / "dyads.csv", "--until", "soon")
    assert code == 2
    assert "'soon' is not a date" in err


# metrics


def test_metrics_are_listed_and_shown_one_by_one() -> None:
    code, out, _ = run("metrics")
    assert code == 0
    for name in table()["name"]:
        assert name in out
    code, out, _ = run("metrics", "returned_share")
    assert "squartini2013" in out
    assert run("metrics", "reply_rate_alter")[1] == run("metrics", "reply_rate_ego")[1]
    also = table().set_index("name")["also called"]
    name, alias = next((name, names.split(", ")[0]) for name, names in also.items() if names)
    assert run("metrics", name)[1].strip() in run("metrics", alias)[1]


def test_every_level_is_listed_and_searched() -> None:
    for level in ("person", "network"):
        code, out, _ = run("metrics", "--level", level)
        assert code == 0
        assert all(name in out for name in table(level)["name"])
    code, out, _ = run("metrics", "--search", "share of my friends who name me back")
    assert out.splitlines()[0].split()[:2] == ["reciprocity_out", "person"]
    code, out, _ = run("metrics", "--search", "zzzz")
    assert code == 0
    assert "Nothing is found for 'zzzz'" in out
    code, _, err = run("metrics", "--level", "persons")
    assert code == 2
    assert "Did you mean 'person'" in err


def test_a_network_and_its_people_are_measured(study: Path, tmp_path: Path) -> None:
    code, out, _ = run("network", study)
    assert code == 0
    assert "reciprocity_edgewise" in out
    code, out, _ = run("network", study, "--metrics", "mutual_dyads,arcs", "-o", tmp_path / "network.csv")
    assert code == 0
    assert pd.read_csv(tmp_path / "network.csv")["name"].tolist() == ["mutual_dyads", "arcs"]
    assert (tmp_path / "network.codebook.csv").is_file()
    code, out, _ = run("people", study, "--metrics", "reciprocity_out", "-o", tmp_path / "people.parquet")
    assert code == 0
    assert list(pd.read_parquet(tmp_path / "people.parquet").columns) == ["person", "reciprocity_out"]
    code, _, err = run("people", study / "acts.csv", "--label", "friendship")
    assert code == 2
    assert "is a log, not a study folder" in err


def test_metrics_for_machines() -> None:
    listed = json.loads(run("metrics", "--json")[1])
    assert [row["name"] for row in listed] == list(table()["name"])
    assert run("metrics", "--csv")[1].startswith("name,title,family")
    assert run("metrics", "--markdown")[1].startswith("| name")


# simulate


def test_simulate_writes_a_study_that_opens(tmp_path: Path) -> None:
    code, out, _ = run("simulate", tmp_path / "study", "--people", "12", "--days", "28", "--seed", "4")
    assert code == 0
    assert "Written:" in out
    study = hs.open_study(tmp_path / "study")
    assert len(study.log.people) == 12
    again = run("simulate", tmp_path / "again", "--people", "12", "--days", "28", "--seed", "4")
    assert again[0] == 0
    acts = [(tmp_path / name / "acts.csv").read_bytes() for name in ("study", "again")]
    assert acts[0] == acts[1]


def test_simulate_writes_a_study_of_disclosure(tmp_path: Path) -> None:
    sizes = ("--people", "12", "--days", "90")
    code, out, _ = run("simulate", tmp_path / "study", "--disclosure", *sizes)
    assert code == 0
    assert out.startswith("Simulated disclosure, seed 1")
    assert hs.open_study(tmp_path / "study").log.has >= {"depth", "topic"}
    code, _, err = run("simulate", tmp_path / "other", "--disclosure", "--directed", *sizes)
    assert code == 2
    assert "--disclosure makes a study without labels" in err
    assert not (tmp_path / "other").exists()


# progress


def test_progress_shows_on_a_terminal_alone_and_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import time

    with progress.progress() as tell:
        tell("Nothing is shown")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0.05)
    with progress.progress() as tell:
        tell("Measuring pairs")
        time.sleep(0.5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Measuring pairs" in err


# files


def test_a_table_and_its_codebook_are_both_there_or_neither(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = hs.open_study(study).dyads()
    monkeypatch.setattr(pd.DataFrame, "to_csv", _second_fails())
    with pytest.raises(OSError, match="full"):
        table.to_csv(tmp_path / "dyads.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]


def _second_fails():
    """A ``to_csv`` that works once."""
    written, real = [], pd.DataFrame.to_csv

    def to_csv(frame: pd.DataFrame, *arguments: object, **options: object) -> object:
        written.append(frame)
        if len(written) == 2:
            raise OSError("the disk is full")
        return real(frame, *arguments, **options)

    return to_csv


def test_gzipped_tables_of_the_same_rows_are_the_same_bytes(study: Path, tmp_path: Path) -> None:
    table = hs.open_study(study).dyads(metrics=["acts"])
    for name in ("one.csv.gz", "two.csv.gz"):
        table.to_csv(tmp_path / name)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "one.csv.gz"), table.frame, check_dtype=False)
