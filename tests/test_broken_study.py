"""Kinds of broken studies: labels, people, pairs and study.toml. Each has its message."""

from __future__ import annotations

import pytest

import honestsignals as hs
from tests.folders import ACTS, LABELS, PEOPLE, TOML, write_study

ORDINAL = TOML.replace('type = "binary"', 'type = "ordinal"\nlevels = [1, 2, 3]').replace('"no"', '"unknown"')
RANGE = ORDINAL.replace("levels = [1, 2, 3]", "range = [1, 3]")
KIN = '[pairs]\nfile = "kin.csv"\nsource = "x"\ntarget = "y"\ncolumns = ["kin"]\ndirected = false\n'
BLOCK = TOML.replace('id = "id"', 'id = "id"\nblock = "office"')

CASES = {
    # study.toml
    "misspelt key": ({"toml": TOML.replace("receiver =", "reciever =")}, "Unknown key in study.toml, [acts]: 'reciever'. Did you mean 'receiver'?"),
    "misspelt table": ({"toml": TOML.replace("[people]", "[peopel]")}, "Unknown table in study.toml: 'peopel'. Did you mean 'people'?"),
    "misspelt key of a label": ({"toml": TOML.replace("absent =", "absence =")}, "[labels.friendship]: 'absence'. Did you mean 'absent'?"),
    "no acts": ({"toml": '[study]\nname = "x"\n'}, "study.toml has no [acts]"),
    "not TOML": ({"toml": "[study\nname = 3"}, "study.toml is not TOML"),
    "a key lacking": ({"toml": TOML.replace('value = "friendship"\n', "")}, "[labels.friendship] lacks value"),
    "a word that is none": ({"toml": TOML.replace('"no"', '"none"')}, "absent is 'none'; it must be one of 'no', 'unknown', 'not asked'"),
    "a value of the wrong type": ({"toml": TOML.replace("directed = false", 'directed = "no"')}, "directed is 'no'; it must be true or false"),
    "ordinal without levels": ({"toml": ORDINAL.replace("levels = [1, 2, 3]\n", "")}, "needs levels = [every one] or range"),
    "levels of a binary label": ({"toml": TOML.replace('type = "binary"', 'type = "binary"\nlevels = [0, 1]')}, "levels belong to an ordinal label"),
    "range turned round": ({"toml": RANGE.replace("[1, 3]", "[3, 1]")}, "range is [3, 1]; it must be [low, high]"),
    "absent no of an ordinal label": ({"toml": ORDINAL.replace('"unknown"', '"no"')}, "so the label must be binary"),
    "a label name no formula holds": ({"toml": TOML.replace("[labels.friendship]", '[labels."close friend"]')}, "call it 'close_friend'"),
    "asked and wave": ({"toml": TOML + "wave = 2\n"}, "asked and wave exclude one another"),
    "an unknown kind": ({"toml": TOML.replace('kind = "kind"', 'kind = "kind"\nkinds = ["hlep"]')}, "'hlep'. Did you mean 'help'?"),
    "kinds without a column": ({"toml": TOML.replace('kind = "kind"', 'kinds = ["help"]')}, "names no column for kind"),
    "a category that is no attribute": ({"toml": TOML.replace('attributes =', 'categories = ["ofice"]\nattributes =')}, "'ofice'. Did you mean 'office'?"),
    "asked is no date": ({"toml": TOML.replace("asked = 2024-02-01", 'asked = "soon"')}, "asked is 'soon'; it is no column of"),
    "a missing file": ({"toml": TOML.replace('"labels.csv"', '"label.csv"')}, "label.csv"),
    "a missing column": ({"toml": TOML.replace('value = "friendship"', 'value = "friend"')}, "friend"),
    # labels
    "a label outside the roster": ({"labels": LABELS + "a,zz,1\n"}, "labels.csv, line 4: target 'zz' is not in the list of people"),
    "an id with a blank": ({"labels": LABELS + "a,d ,1\n"}, "labels.csv, line 4"),
    "an id of another type": ({"people": "id,office,age\n1,x,3\n2,x,4\n", "acts": "sender,receiver,time,kind\n1,2,2024-01-01,help\n", "labels": "source,target,friendship\n1.0,2,1\n"}, "source '1.0' is not in the list of people"),
    "a value that is not 0 or 1": ({"labels": LABELS + "b,c,2\n"}, "labels.csv, line 4: friendship 2 is not 0 or 1 (label friendship)"),
    "directions that disagree": ({"labels": LABELS + "b,a,0\n"}, "line 4: friendship 0 about b and a is not what line 2 says: 1"),
    "one direction twice, differing": ({"toml": TOML.replace("directed = false", "directed = true"), "labels": LABELS + "a,b,0\n"}, "line 4: friendship 0 about a and b"),
    "a level that is none": ({"toml": ORDINAL, "labels": "source,target,friendship\na,b,4\n"}, "friendship 4 is not one of the levels 1, 2, 3"),
    "a value outside the range": ({"toml": RANGE, "labels": "source,target,friendship\na,b,4\n"}, "friendship 4 is not from 1 to 3"),
    "a rating that is no number": ({"toml": RANGE, "labels": "source,target,friendship\na,b,much\nb,c,2\n"}, "line 2: friendship 'much' is not a number"),
    "a label without an id": ({"labels": LABELS + ",d,1\n"}, "labels.csv, line 4"),
    "a ragged label row": ({"labels": LABELS + "c,d\n"}, "labels.csv, line 4"),
    "a label across blocks": ({"toml": BLOCK}, "line 3: source 'c' names a pair across blocks"),
    "a date that is none, by row": ({"toml": TOML.replace("asked = 2024-02-01", 'asked = "when"').replace('"no"', '"unknown"'), "labels": "source,target,friendship,when\na,b,1,2024-13-01\n"}, "'2024-13-01' is not a date"),
    "dates by row, and no without a row": ({"toml": TOML.replace("asked = 2024-02-01", 'asked = "when"'), "labels": "source,target,friendship,when\na,b,1,2024-01-01\n"}, "makes pairs without a row"),
    # people, acts, pairs
    "an act outside the roster": ({"acts": ACTS + "zz,a,2024-01-09T10:00:00Z,help\n"}, "acts.csv, line 6: sender 'zz' is not in the list of people"),
    "a person twice": ({"people": PEOPLE + "a,south,50\n"}, "people.csv, line 6: id 'a' is in the list of people twice"),
    "who answered is no 0 or 1": ({"toml": TOML + 'answered = "age"\n'}, "the column 'age' of people must hold 0 and 1"),
    "a block that is missing": ({"toml": BLOCK, "people": PEOPLE + "e,,3\n"}, "office of 'e' is missing"),
    "facts of a pair that disagree": ({"toml": TOML + KIN, "kin": "x,y,kin\na,b,1\nb,a,2\n"}, "kin.csv, line 3: kin 2 is not what another row says"),
    "facts of pairs that are no numbers": ({"toml": TOML + KIN, "kin": "x,y,kin\na,b,close\n"}, "kin is not a column of numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_has_its_message(name, tmp_path) -> None:
    files, message = CASES[name]
    with pytest.raises(hs.HonestSignalsError) as error:
        hs.open_study(write_study(tmp_path, **files))
    assert message in str(error.value)


def test_a_study_without_a_folder_or_a_file(tmp_path) -> None:
    write_study(tmp_path / "helpdesk")
    with pytest.raises(hs.InputError, match=r"There is no folder .*helpdsk.* Did you mean .*helpdesk"):
        hs.open_study(tmp_path / "helpdsk")
    with pytest.raises(hs.InputError, match=r"has no study\.toml"):
        hs.open_study(tmp_path)


def test_nothing_of_a_label_is_lost_in_silence(tmp_path) -> None:
    study = hs.open_study(write_study(tmp_path, labels=LABELS + "a,a,1\na,b,1\n"))
    labels = study.labels["friendship"]
    assert labels.left_out == {"a person with themselves": 1, "the same answer twice": 1}
    assert len(labels) + sum(labels.left_out.values()) == 4
    assert "1 rows left out (a person with themselves)" in str(study.dyads(label="friendship"))
