"""The page of docs that says how well the bend, the feedback loop and the ends of ties were recovered."""

from __future__ import annotations

from typing import Any

import numpy as np

TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)
TITLES = {
    "bend": "## Over-disclosure's bend",
    "feedback": "## The feedback loop, within pairs",
    "ties": "## How long ties last",
    "bend_by": "## The bend by a moderator",
    "feedback_by": "## The feedback loop by a moderator",
}
ABOUT = {
    "bend": (
        "About 190 pairs, 14 disclosures each that follow one of the other. The log odds of a return "
        "are 0.3 + 0.3x − 0.25x² of relative depth x (*bend*; it turns at 0.6), or 0.3 + 0.3x "
        "(*line*). With *people who differ*, what decides a return is 16 % of the two people's, "
        "otherwise at other depths, so that people differ in the curve; pairs are 10 % in all "
        "studies. In the order turning point, slope, bend; of a line slope and bend. *Rejected*: of a "
        "bend the squared term, and that the curve rises and then falls; of a line these two, and "
        "that the curve is the same early and late. The second of them is a larger p of two, and "
        "rejects a line that rises hardly ever."
    ),
    "feedback": (
        "About 390 ordered pairs over ten windows, one in twelve unknown; a good part of what varies "
        "is stable about pairs. Paths are 0.3 and 0.4 (stability), 0.15 of disclosure to trust and "
        "0.1 of trust to disclosure (*loop*), or no cross paths. With *people who differ* what is "
        "stable is 45 % people's, and what is new 30 %. In the order trust on trust, trust on "
        "disclosure, disclosure on trust, disclosure on disclosure. *Rejected*: all cross paths 0. "
        "Beside the double filter the biases of the two easy ways: over all pairs and windows "
        "(*pooled*), and with each spell's own means taken out (*demeaned*)."
    ),
    "ties": (
        "About 190 ties, eight disclosures each in four weeks; log hazard ratios −0.5 of gradual and "
        "0.8 of sudden, or 0. With *people who differ* people are 40 % of what decides how long a tie "
        "lasts, and half of the variance of the slope that gradual estimates. In the order gradual, "
        "sudden; the first number of each is of dyadic errors, the default, in brackets of the "
        "jackknife's."
    ),
    "bend_by": (
        "The same disclosures; half of the people are of another kind, and the curve may be another where "
        "they disclose: 0.3 + 0.6x − 0.4x², which turns at 0.75 (*differs*), or *the same*. In the order "
        "turning point of the second half, and what its slope and bend are more. *Rejected*: that the curve "
        "is the same but for its height."
    ),
    "feedback_by": (
        "The same windows; half of the people are of another kind, and where they are ego the path of "
        "disclosure to trust is 0.25 instead of 0.15, that of trust to disclosure 0.2 instead of 0.1 "
        "(*differs*), or all are *the same*. What paths within pairs are more, in the order above. "
        "*Rejected*: that no cross path differs."
    ),
}
PLANTED = {
    "bend": ("bend", "line"),
    "feedback": ("loop", "none"),
    "ties": ("effects", "none"),
    "bend_by": ("differs", "the same"),
    "feedback_by": ("differs", "the same"),
}


def shares(values: Any, studies: int, target: tuple[float, float], low_is_wrong: bool) -> str:
    """Shares as text; bold where errors are too small, a plus where they are cautious."""
    shown = []
    for share in np.atleast_1d(values):
        reach = 2 * np.sqrt(share * (1 - share) / studies)
        under, over = share + reach < target[0], share - reach > target[1]
        wrong, cautious = (under, over) if low_is_wrong else (over, under)
        text = f"{share:.3f}".removeprefix("0")
        shown.append(f"**{text}**" if wrong else f"{text}+" if cautious else text)
    return " ".join(shown)


def numbers(values: Any) -> str:
    return " ".join(f"{value:.3f}".replace("-", "−") for value in np.atleast_1d(values))


def row_of(one: dict[str, Any]) -> list[str]:
    studies, kind = one["studies"], one["kind"]
    covered = shares(one["covered"], studies, TARGET, True)
    sizes = one.get("size", one.get("power"))
    if sizes is None:
        rejected = ""
    elif one["planted"]:
        rejected = " ".join(f"{value:.3f}".removeprefix("0") for value in np.atleast_1d(sizes))
    else:
        rejected = shares(sizes, studies, SIZE, False)
    if kind == "ties":
        covered += f" ({shares(one['jackknife_covered'], studies, TARGET, True)})"
        if not one["planted"]:
            rejected += f" ({shares(one['jackknife_size'], studies, SIZE, False)})"
    cells = [
        PLANTED[kind][0 if one["planted"] else 1],
        "yes" if one["people_differ"] else "no",
        numbers(one["bias"]),
        numbers(one["spread"]),
        covered,
        rejected,
    ]
    if kind == "feedback":
        cells += [numbers(one["pooled"]), numbers(one["demeaned"])]
    if kind in ("bend", "bend_by"):
        cells.append(f"{one['no interval']:.3f}".removeprefix("0") if "no interval" in one else "")
    return [*cells, str(one["failed"])]


MORE = {
    "bend": ["no interval"],
    "feedback": ["bias, pooled", "bias, demeaned"],
    "ties": [],
    "bend_by": ["no interval"],
    "feedback_by": [],
}


def page(results: list[dict[str, Any]], command: str) -> str:
    """The page of docs."""
    studies = results[0]["studies"]
    lines = [
        "# Calibration of the bend, the feedback loop and the ends of ties",
        "",
        f"What [dynamics](dynamics.md) are about, {studies:,} simulated studies of 40 people a row: mean "
        "error and spread of estimates, coverage of nominal .95 intervals, and how often tests at .05 reject "
        f"(Monte-Carlo error {np.sqrt(0.05 * 0.95 / studies):.4f}). Made by",
        "",
        f"    {command}",
        "",
        "**Bold**: errors too small, the share ± 2 Monte-Carlo errors does not meet 93–97 % (4–6.5 % for "
        "tests of what is true); a plus sign: cautious, beyond the target on the other side. Failed fits "
        "miss every interval.",
    ]
    for kind, title in TITLES.items():
        head = ["planted", "people differ", "bias", "spread", "covered", "rejected", *MORE[kind], "failed"]
        lines += ["", title, "", ABOUT[kind], "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
        lines += [f"| {' | '.join(row_of(one))} |" for one in results if one["kind"] == kind]
    return "\n".join(lines) + "\n"
