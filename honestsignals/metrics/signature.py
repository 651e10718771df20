"""People: how what each gave and got is spread over others, and whether that stays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.people import NO_CONTACT, OF_CONTACTS
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]


@statistic(
    unit="nats",
    undefined=NO_CONTACT,
    formula="-sum over j of p_j ln p_j, p_j = (w_ij + w_ji) / (s_out + s_in)",
    title="entropy of contacts",
    elsewhere=("bandicoot entropy_of_contacts",),
    aliases=("entropy_of_contacts",),
    **OF_CONTACTS,
)
def contact_entropy(circle: Circle) -> Array:
    """How widely someone's exchange is spread over contacts: 0 for a single contact."""
    both = circle["given_ego"] + circle["given_alter"]
    total = circle.sum(both)
    share = ratio(both, total[circle.ego])
    terms = np.zeros(len(share))
    there = share > 0
    terms[there] = -share[there] * np.log(share[there])
    return np.where(total > 0, np.maximum(circle.sum(terms), 0.0), math.nan)


@metric(
    range=(0, 1),
    open_ends="low",
    undefined="the person has fewer than two contacts",
    formula="contact_entropy / ln contacts",
    title="normalised entropy of contacts",
    elsewhere=("bandicoot entropy_of_contacts(normalize=True)",),
    **OF_CONTACTS,
)
def contact_evenness(contact_entropy: Array, contacts: Array) -> Array:
    """How evenly someone's exchange is spread over contacts: 1 for the same with everybody.

    For a single contact it is 0/0 and undefined here; bandicoot has 0.

    Examples
    --------
    >>> contact_evenness(np.array([np.log(2), 0.0]), np.array([4, 1]))
    array([0.5, nan])
    """
    # the entropy of equal shares may come out a bit above its bound
    return np.minimum(ratio(contact_entropy, np.log(np.maximum(contacts, 1))), 1.0)


@statistic(
    reads=["acts_ego", "early_acts_ego"],
    unit="bits",
    range=(0, 1),
    open_ends="high",
    undefined="the person gave nothing in one of the halves",
    reference="saramaki2014",
    formula="H((P + Q) / 2) - (H(P) + H(Q)) / 2, P and Q shares of acts by rank of alter in each half",
    basis="code of a study of the NetHealth data",
    title="self-distance of the social signature (Jensen-Shannon divergence)",
    asks=("Does a person's social signature stay the same?",),
)
def signature_distance(circle: Circle) -> Array:
    """How much the shape of someone's giving changed between the two halves of what was observed.

    A social signature is the shares of a person's acts that go to the first, second, third … of their
    alters, whoever these are. Divergence in bits, without a root; read in code of others that names the
    source. The source itself, and the base of its logarithm, were not read.
    """
    early = circle["early_acts_ego"]
    late = circle["acts_ego"] - early
    first, second = _signature(circle, early), _signature(circle, late)
    middle = (first + second) / 2
    bits = np.zeros(len(middle))
    for share in (first, second):
        there = share > 0
        bits[there] += share[there] * np.log2(share[there] / middle[there]) / 2
    both = (circle.sum(early) > 0) & (circle.sum(late) > 0)
    return np.where(both, np.maximum(circle.sum(bits), 0.0), math.nan)


def _signature(circle: Circle, acts: Array) -> Array:
    """Each person's shares of acts, the largest first, on the rows of that person."""
    order = np.lexsort((-acts, circle.ego))
    return ratio(acts[order], circle.sum(acts)[circle.ego])
