"""People: how much of what each gave and got was returned, by whom, and how it is spread.

What was given is what the table is of: acts, amounts or acts of one kind; of a label's answers, to give is
to name. Nobody is counted who neither gave to the person nor got from them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]

NO_CONTACT = "the person gave nothing and got nothing"
NAMES_NOBODY = "the person gave to (named) nobody"
NAMED_BY_NOBODY = "nobody gave to (named) the person"
OF_ALL: dict[str, Any] = {"by_kind": True, "by_weight": True}
"""What can be asked of acts, of amounts and of a kind."""
COUNTED: dict[str, Any] = {"unit": "people", **OF_ALL}
OF_CONTACTS: dict[str, Any] = {"reference": "demontjoye2016", "basis": "bandicoot", **OF_ALL}
"""What bandicoot measures over a person's contacts."""
CHOICES: dict[str, Any] = {"range": (0, 1), "higher": "yes", "reference": "", "basis": "derived"}
"""Shares of choices that are returned."""
RETURNED: dict[str, Any] = {
    **CHOICES,
    "reference": "squartini2013",
    "basis": "the reference values' definition",
}
"""Shares of what was given or got that went both ways."""


@statistic(unit="what was given", formula="s_out = sum over j of w_ij", **OF_ALL)
def given(circle: Circle) -> Array:
    """All that the person gave to anybody."""
    return circle.sum(circle["given_ego"])


@statistic(unit="what was given", formula="s_in = sum over j of w_ji", **OF_ALL)
def received(circle: Circle) -> Array:
    """All that the person got from anybody."""
    return circle.sum(circle["given_alter"])


@statistic(
    unit="what was given", reference="squartini2013", formula="sum over j of min(w_ij, w_ji)", **OF_ALL
)
def returned(circle: Circle) -> Array:
    """What the person gave that came back: the smaller of the two sides, contact by contact."""
    return circle.sum(np.minimum(circle["given_ego"], circle["given_alter"]))


@metric(
    range=(-1, 1),
    undefined=NO_CONTACT,
    reference="demontjoye2016",
    formula="(s_out - s_in) / (s_out + s_in)",
    basis="derived",
    elsewhere=("bandicoot percent_initiated_interactions (as 2 x - 1; of calls)",),
    asks=("Does a person give more than they get?", "Who is a taker, who a giver?"),
)
def net_giver(given: Array, received: Array) -> Array:
    """Whether someone gives more than they get: 1 for a pure giver, −1 for a pure taker.

    Examples
    --------
    >>> net_giver(np.array([3, 0]), np.array([1, 0]))
    array([0.5, nan])
    """
    return ratio(given - received, given + received)


@metric(
    undefined="the person gave nothing",
    formula="sum over j of min(w_ij, w_ji) / s_out",
    title="weighted reciprocity of a person, of what was given",
    **RETURNED,
)
def reciprocity_weighted(returned: Array, given: Array) -> Array:
    """Share of what someone gave that came back from the same people.

    Examples
    --------
    >>> reciprocity_weighted(np.array([2, 0]), np.array([8, 0]))
    array([0.25,  nan])
    """
    return ratio(returned, given)


@metric(
    undefined="the person got nothing",
    formula="sum over j of min(w_ij, w_ji) / s_in",
    title="weighted reciprocity of a person, of what was received",
    **RETURNED,
)
def reciprocity_weighted_in(returned: Array, received: Array) -> Array:
    """Share of what someone got that they gave back to the same people.

    Examples
    --------
    >>> reciprocity_weighted_in(np.array([2, 0]), np.array([4, 0]))
    array([0.5, nan])
    """
    return ratio(returned, received)


@statistic(formula="abs(out or in)", elsewhere=("bandicoot number_of_contacts",), **COUNTED)
def contacts(circle: Circle) -> Array:
    """How many others the person gave to or got from."""
    return circle.sum((circle["given_ego"] > 0) | (circle["given_alter"] > 0))


@statistic(
    formula="abs(out)",
    elsewhere=("bandicoot number_of_contacts(direction='out')", "networkx out_degree"),
    **COUNTED,
)
def contacts_out(circle: Circle) -> Array:
    """How many others the person gave to (named)."""
    return circle.sum(circle["given_ego"] > 0)


@statistic(
    formula="abs(in)",
    elsewhere=("bandicoot number_of_contacts(direction='in')", "networkx in_degree"),
    **COUNTED,
)
def contacts_in(circle: Circle) -> Array:
    """How many others gave to (named) the person."""
    return circle.sum(circle["given_alter"] > 0)


@statistic(formula="abs(in and out)", **COUNTED)
def contacts_mutual(circle: Circle) -> Array:
    """How many others the person gave to and got from: those who name one another."""
    return circle.sum((circle["given_ego"] > 0) & (circle["given_alter"] > 0))


@statistic(formula="abs(out and could answer)", **COUNTED)
def contacts_out_asked(circle: Circle) -> Array:
    """How many others the person gave to (named) who could have given back: who were asked, and answered."""
    return circle.sum((circle["given_ego"] > 0) & circle.able)


@statistic(formula="abs(in, where the person could answer)", **COUNTED)
def contacts_in_asked(circle: Circle) -> Array:
    """How many others gave to (named) the person, where the person could have given: was asked, answered."""
    return circle.sum((circle["given_alter"] > 0) & circle.back(circle.able))


@metric(
    range=(0, math.inf),
    undefined=NO_CONTACT,
    formula="(s_out + s_in) / contacts",
    unit="what was given",
    elsewhere=("bandicoot interactions_per_contact, mean",),
    title="interactions per contact",
    open_ends="low",
    **OF_CONTACTS,
)
def exchanged_per_contact(given: Array, received: Array, contacts: Array) -> Array:
    """How much someone gave and got, per contact.

    Examples
    --------
    >>> exchanged_per_contact(np.array([5, 0]), np.array([1, 0]), np.array([3, 0]))
    array([ 2., nan])
    """
    return ratio(given + received, contacts)


@metric(
    undefined=NAMES_NOBODY,
    formula="abs(in and out) / abs(out)",
    title="reciprocity of a person's choices",
    **CHOICES,
    asks=("What share of my friends name me back?", "What share of whom I give to gives back?"),
)
def reciprocity_out(contacts_mutual: Array, contacts_out: Array) -> Array:
    """Share of those I name (give to) who name me back.

    Whoever was never asked could not name anybody: ``reciprocity_out_asked`` leaves them out.

    Examples
    --------
    >>> reciprocity_out(np.array([1, 0]), np.array([4, 0]))
    array([0.25,  nan])
    """
    return ratio(contacts_mutual, contacts_out)


@metric(
    undefined=NAMED_BY_NOBODY,
    formula="abs(in and out) / abs(in)",
    title="reciprocity of the choices that a person gets",
    **CHOICES,
    asks=("What share of those who name me do I name?",),
)
def reciprocity_in(contacts_mutual: Array, contacts_in: Array) -> Array:
    """Share of those who name me (give to me) whom I name back.

    It is 0 for whoever was never asked: ``reciprocity_in_asked`` is undefined for them.

    Examples
    --------
    >>> reciprocity_in(np.array([1, 0]), np.array([2, 0]))
    array([0.5, nan])
    """
    return ratio(contacts_mutual, contacts_in)


@metric(
    range=(0, 1),
    undefined=NO_CONTACT,
    reference="hagberg2008",
    formula="2 abs(in and out) / (abs(in) + abs(out))",
    basis="networkx",
    higher="yes",
    elsewhere=(
        "Raphtory all_local_reciprocity",
        "networkx reciprocity(G, nodes)",
    ),
    title="node reciprocity",
)
def reciprocity_both(contacts_mutual: Array, contacts_in: Array, contacts_out: Array) -> Array:
    """Share of all choices, made and received by a person, that are returned.

    Examples
    --------
    >>> reciprocity_both(np.array([1, 0]), np.array([1, 0]), np.array([3, 0]))
    array([0.5, nan])
    """
    return ratio(2 * contacts_mutual, contacts_in + contacts_out)


@metric(
    undefined="the person gave to (named) nobody who could have given back",
    formula="abs(in and out) / abs(out and could answer)",
    title="reciprocity of a person's choices, of those who could answer",
    **CHOICES,
)
def reciprocity_out_asked(contacts_mutual: Array, contacts_out_asked: Array) -> Array:
    """Share of those I name (give to) who name me back, of those who were asked and answered.

    Examples
    --------
    >>> reciprocity_out_asked(np.array([1, 0]), np.array([2, 0]))
    array([0.5, nan])
    """
    return ratio(contacts_mutual, contacts_out_asked)


@metric(
    undefined="nobody gave to (named) the person, or the person was not asked",
    formula="abs(in and out) / abs(in, where the person could answer)",
    title="reciprocity of the choices that a person gets, where they could answer",
    **CHOICES,
)
def reciprocity_in_asked(contacts_mutual: Array, contacts_in_asked: Array) -> Array:
    """Share of those who name me (give to me) whom I name back, where I was asked and answered.

    Examples
    --------
    >>> reciprocity_in_asked(np.array([1, 0]), np.array([2, 0]))
    array([0.5, nan])
    """
    return ratio(contacts_mutual, contacts_in_asked)


@metric(
    undefined="the person has no contact of whom both directions are known",
    formula="2 abs(in and out) / (abs(in) + abs(out)), of pairs that both could answer",
    title="node reciprocity, of those who could answer",
    **CHOICES,
)
def reciprocity_both_asked(
    contacts_mutual: Array, contacts_in_asked: Array, contacts_out_asked: Array
) -> Array:
    """Share of all choices, made and received by a person, that are returned, where both could answer.

    Examples
    --------
    >>> reciprocity_both_asked(np.array([1, 0]), np.array([1, 0]), np.array([1, 0]))
    array([ 1., nan])
    """
    return ratio(2 * contacts_mutual, contacts_in_asked + contacts_out_asked)


@statistic(
    unit="",
    range=(0, 1),
    undefined=NO_CONTACT,
    formula="mean over contacts of w_ij / (w_ij + w_ji)",
    title="balance of contacts",
    elsewhere=("bandicoot balance_of_contacts(weighted=False), mean",),
    aliases=("balance_of_contacts",),
    **OF_CONTACTS,
)
def give_share_mean(circle: Circle) -> Array:
    """Mean over contacts of someone's share of the giving: every contact counts the same."""
    return circle.mean(_share(circle))


@statistic(
    unit="",
    range=(0, 0.5),
    undefined=NO_CONTACT,
    formula="sd over contacts of w_ij / (w_ij + w_ji), with n below",
    title="spread of the balance of contacts",
    elsewhere=("bandicoot balance_of_contacts(weighted=False), std",),
    **OF_CONTACTS,
)
def give_share_sd(circle: Circle) -> Array:
    """How differently someone shares with different contacts: 0 where it is the same with everybody."""
    share = _share(circle)
    away = share - circle.mean(share)[circle.ego]
    return np.sqrt(circle.mean(np.square(away)))


def _share(circle: Circle) -> Array:
    """Ego's share of what each pair exchanged."""
    return ratio(circle["given_ego"], circle["given_ego"] + circle["given_alter"])
