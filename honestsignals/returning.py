"""Is help returned, and how soon? Curves of the time until the other gives something back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from honestsignals.depth_rows import log_of, people_of
from honestsignals.errors import ArgumentError, DesignError
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import HOUR
from honestsignals.moments import span
from honestsignals.return_groups import groups_of
from honestsignals.return_waits import DISCLOSURE, checked_depth, waits_of
from honestsignals.returns import ReturnCurves

if TYPE_CHECKING:
    import pandas as pd


class Sourced(Protocol):
    """What of a study is looked at."""

    @property
    def log(self) -> InteractionLog:
        """The acts."""

    @property
    def people(self) -> pd.DataFrame:
        """Attributes of people, by id."""


def return_curves(
    source: InteractionLog | Sourced,
    *,
    of: str | None = None,
    answer: str | None = None,
    by: Any = None,
    people: pd.DataFrame | None = None,
    horizon: str = "7D",
    conversation_gap: str = "1h",
    depth_at_least: float | None = None,
) -> ReturnCurves:
    r"""How soon acts are returned: Kaplan–Meier curves of the wait for the other's return, by group.

    .. math:: \hat F(t) = 1 - \prod_{t_k \le t} (1 - d_k / n_k)

    A wait runs from an act that asks to the first act of the other, strictly later, that returns it: help for
    help, information for help, disclosure for disclosure. A further act that asks while one waits already
    starts no second wait; the end of the log cuts waits off. Nominal .95 intervals cover 95–97 % at 40 and 60
    people who differ in speed, 97–98 % where all are alike (docs/returns_calibration.md).

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times. A study knows attributes of its people too.
    of : str, optional
        Acts that ask for return: a kind, or "disclosure" (acts that count as giving and have a depth). By
        default openings of conversations, as ``opened_ego`` counts them.
    answer : str, optional
        Acts that return: a kind, or "disclosure". By default any that counts as giving.
    by : str or pandas.DataFrame, optional
        Groups: "kind", "channel", "context" or "topic" of the act that asks; "asker_office" or
        "answerer_office", an attribute of who asks or is asked; "same_office", whether the two have the
        same; or a frame with ``ego``, ``alter`` and a column of pairs (ego asks where a pair stands both
        ways).
    people : pandas.DataFrame, optional
        Attributes of people by id (index, or a column ``person`` or ``id``); by default the study's.
    horizon : str
        Up to when returns are looked at: "7D".
    conversation_gap : str
        Δ: acts at most this far apart belong to one conversation.
    depth_at_least : float, optional
        Of disclosures that ask, only those this deep.

    Returns
    -------
    ReturnCurves
        With ``curve()``, ``at_risk()``, ``differences()`` and ``log_rank()``.

    Raises
    ------
    DesignError
        Where acts have no times, or no act asks.

    References
    ----------
    kaplan1958, reid1981, fafchamps2007

    Examples
    --------
    >>> import honestsignals as hs
    >>> study = hs.simulate(people=14, days=21, seed=5).study()
    >>> found = hs.return_curves(study, of="help", answer="help", horizon="2D")
    >>> found.tidy()[["waits", "returned", "returned_low", "returned_high"]].round(2)
       waits  returned  returned_low  returned_high
    0     81      0.71          0.46           0.88
    """
    log = log_of(source, "return_curves")
    people = people_of(source) if people is None else people
    least = checked_depth(depth_at_least)
    if least is not None and of != DISCLOSURE:
        raise ArgumentError(f"depth_at_least is of acts that disclose; say of={DISCLOSURE!r}.")
    gap, until = span(conversation_gap, "conversation_gap"), span(horizon, "horizon") / HOUR
    waits = waits_of(log, of=of, answer=answer, gap=gap, depth_at_least=least)
    if not len(waits):
        raise DesignError("No act asks for return, so nobody waits.")
    deep = f" of depth {least:g} or more" if least is not None else ""
    asked = "an opening" if of is None else _an_act(of) + deep
    back = "the other's next act" if answer is None else f"the other's next {_an_act(answer)[2:].strip()}"
    return ReturnCurves(waits, groups_of(log, waits.asking, by, people), until, asked, back)


def _an_act(word: str) -> str:
    return "a disclosure" if word == DISCLOSURE else f"an act of {word}"
