"""What a permutation test found: statistics, what they are when people change places, and what that says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.inference.permutation import Permuted
from honestsignals.inference.relabelling import Relabelling
from honestsignals.inference.words import counted, named
from honestsignals.printed import Printed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

METHODS = {
    "dsp": "double semi-partialling: the residual of each column on the others is permuted",
    "y": "the label is permuted",
    "freedman_lane": "Freedman and Lane: the label's residual on the other columns is permuted",
    "correlation": "the first column is permuted (QAP)",
}
INK, SOFT = "#d55e00", "#8c959f"
REJECTED = {
    "variance": ".14 to .20",
    "confounded": ".95 to .97",
    "missing 50 %": ".10 to .12",
    "missing 80 %": ".11 to .18",
    "mirror": ".15 to .16",
    "transpose": ".11 to .12 one-sided and .16 two-sided",
}
"""True nulls rejected at .05 in the studies of docs/permutation_size.md: what every warning here quotes."""

EXCHANGEABLE = (
    "Tested is whether people are exchangeable. Where the label varies more for people with a high x, a "
    f"true null is rejected too often ({REJECTED['variance']} at .05 in trials); and a person effect shared "
    f"by x and the label is confounding that no permutation mends ({REJECTED['confounded']} in trials) "
    "(Hart et al. 2022)."
)
ENOUGH = 0.85
"""Share of rows in a draw below which the size of the test was seen to suffer."""
FEW_ROWS = (
    "So many are missing that too many true nulls are rejected of columns in which people differ: a draw "
    "rests on fewer rows of each person than the fit, and person effects widen it less "
    f"({REJECTED['missing 50 %']} at .05 with half the pairs missing, {REJECTED['missing 80 %']} with four "
    "fifths, in trials). In a table of all pairs, with known() and in_contact, none are."
)


@dataclass(frozen=True, eq=False)
class Permutation(Printed):
    """A permutation test of every coefficient of a model. Prints its facts, then one row a coefficient.

    Attributes
    ----------
    formula, label, family : str
        What was fitted; the family of a correlation is "correlation".
    method : str
        "dsp", "y", "freedman_lane" or "correlation".
    names : tuple of str
        The coefficients.
    found : Permuted
        Statistics and coefficients, as they are and after each permutation.
    people : Relabelling
        Who is in each row, and who may change places.
    seed : int or None
        What the draws began with.
    block : str
        What people changed places within, in words; empty for no blocks.
    left_out : mapping of str to int
        Why rows were left out, and how many.
    design_facts, notes : tuple of str
        What the table says of itself; what else a reader must know.
    """

    formula: str
    label: str
    family: str
    method: str
    names: tuple[str, ...]
    found: Permuted
    people: Relabelling
    seed: int | None = None
    block: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    design_facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    # numbers

    @property
    def draws(self) -> Array:
        """The null distribution: each statistic after each permutation (ndarray, shape (draws, k))."""
        return self.found.drawn

    @property
    def statistic(self) -> str:
        """What is compared: "t", "z" or "r"."""
        return {"gaussian": "t", "correlation": "r"}.get(self.family, "z")

    def tidy(self) -> pd.DataFrame:
        """One row a coefficient: term, estimate, statistic, p_value, p_ge, p_le, mc_error, p_beta.

        ``p_value`` is two-sided, of the size of the statistic; ``p_ge`` and ``p_le`` are one-sided;
        ``p_beta`` is two-sided, of the size of the coefficient; ``mc_error`` is the error of ``p_value`` for
        the draws being so many. NaN for a column that no permutation changes, such as the intercept.
        """
        import pandas as pd

        found = self.found
        return pd.DataFrame(
            {
                "term": self.names,
                "estimate": found.beta,
                "statistic": found.statistic,
                "p_value": found.p_value,
                "p_ge": found.p_ge,
                "p_le": found.p_le,
                "mc_error": found.mc_error,
                "p_beta": found.p_beta,
            }
        )

    def glance(self) -> pd.DataFrame:
        """One row: label, family, method, statistic, rows, people, missing, draws, exact, seed."""
        import pandas as pd

        return pd.DataFrame(
            {
                "label": [self.label],
                "family": [self.family],
                "method": [self.method],
                "statistic": [self.statistic],
                "rows": [self.people.n_rows],
                "people": [self.people.n_people],
                "missing": [self.people.missing],
                "draws": [self.found.draws],
                "exact": [self.found.exact],
                "seed": [self.seed],
            }
        )

    def null(self) -> pd.DataFrame:
        """The null distribution of each statistic, one row a coefficient: term, mean, sd, q025, q975."""
        import pandas as pd

        drawn = np.where(self._tested, self.draws, 0.0)
        low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
        columns = {
            "mean": np.nanmean(drawn, axis=0),
            "sd": np.nanstd(drawn, axis=0, ddof=1),
            "q025": low,
            "q975": high,
        }
        columns = {name: np.where(self._tested, values, np.nan) for name, values in columns.items()}
        return pd.DataFrame({"term": self.names, **columns})

    @property
    def _tested(self) -> Array:
        return np.asarray(np.isfinite(self.draws).any(axis=0))

    def figure(self, term: str, ax: Axes | None = None) -> Axes:
        """Draw the null distribution of a coefficient's statistic, and where the data stand in it.

        Parameters
        ----------
        term : str
            A coefficient.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a figure of its own without.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        UnknownNameError
            For a coefficient that the model does not have.
        ArgumentError
            For one that no permutation changes.
        """
        if term not in self.names:
            raise unknown("coefficient", term, self.names)
        place = self.names.index(term)
        if not self._tested[place]:
            raise ArgumentError(f"{term!r} is the same after every permutation: it has no null distribution.")
        if ax is None:
            import matplotlib.pyplot as plt  # so that a notebook shows it

            ax = plt.subplots(figsize=(5.0, 3.2), layout="constrained")[1]
        drawn = self.draws[np.isfinite(self.draws[:, place]), place]
        at, p = float(self.found.statistic[place]), float(self.found.p_value[place])
        ax.hist(drawn, bins=min(60, max(10, int(np.sqrt(drawn.size)))), color=SOFT)
        ax.axvline(at, color=INK, linewidth=2)
        ax.axvline(-at, color=INK, linewidth=1, linestyle=":")
        ax.set_xlabel(f"{self.statistic} of {term} after permutations (line: as observed, {at:.2f})")
        ax.set_ylabel("permutations")
        ax.set_title(f"{self.label}: p = {p:.3g}", loc="left", fontsize="medium")
        return ax

    # words

    def facts(self) -> list[str]:
        """What was tested on which pairs, how many permutations, and what they cannot say."""
        left = [f"{count:,} {reason}" for reason, count in self.left_out.items()]
        total = self.people.n_rows + sum(self.left_out.values())
        lines = [
            *self.design_facts,
            f"{self.family} of {self.label}: {self.people.n_rows:,} rows of {total:,}, "
            f"{counted(self.people.n_people, 'person', 'people')}.",
            f"Rows left out: {'; '.join(left) if left else 'none'}.",
            f"Method: {METHODS[self.method]}.",
            *self._drawn_facts(),
            *self._pair_facts(),
            *self._draw_faults(),
            EXCHANGEABLE,
        ]
        return [*lines, *(f"Note: {note}." for note in self.notes)]

    def _drawn_facts(self) -> Iterator[str]:
        count, statistic = self.found.draws, self.statistic
        if self.found.exact:
            yield f"p: share of all {count:,} permutations with |{statistic}| as large, the data among them."
        else:
            by = "without a seed" if self.seed is None else f"seed {self.seed}"
            yield (
                f"p: {count:,} permutations at random ({by}); (1 + those with |{statistic}| as large) / "
                f"(1 + {count:,}), so never 0."
            )
        if self.method == "dsp" and self.family != "gaussian":
            yield "Residuals of columns are those of least squares; each draw is an exact refit."

    def _pair_facts(self) -> Iterator[str]:
        people = self.people
        n, sizes = people.n_people, np.bincount(people.block)
        if sizes.size > 1:
            yield f"People change places within {sizes.size:,} {self.block or 'blocks'}."
        never = n * (n - 1) // (1 if people.directed else 2) - people.possible
        what = "ordered pairs" if people.directed else "pairs"
        if never:
            yield f"{never:,} {what} of them have no row, were never possible, and stay so."
        if people.missing:
            yield (
                f"{people.missing:,} of {people.possible:,} possible {what} have no row. A permuted value "
                f"that would come from one is left out with its row: {self.found.rows_used:.1%} of rows take "
                "part in a draw."
            )
            if self.found.rows_used < ENOUGH:
                yield FEW_ROWS

    def _draw_faults(self) -> Iterator[str]:
        names = np.array(self.names, dtype=object)
        fixed = names[~self._tested]
        if fixed.size:
            yield f"No p for {named(fixed.tolist())}: the same whoever changes places."
        parts = zip(names, self.found.separated, self.found.failed, strict=True)
        for name, separated, failed in ((n, s, f) for n, s, f in parts if n not in set(fixed)):
            if separated:
                yield (
                    f"Labels are separated in {counted(int(separated), 'draw')} of {name!r}: z counts as 0 "
                    "and the coefficient as infinite there, their limits."
                )
            if failed:
                draws = counted(int(failed), "draw")
                yield f"No statistic in {draws} of {name!r}: counted as at least as extreme."

    def note(self) -> str:
        """What the table rests on, in one line that goes wherever the table goes."""
        seed = "" if self.found.exact or self.seed is None else f" (seed {self.seed})"
        drawn = f"all {self.found.draws:,}" if self.found.exact else f"{self.found.draws:,} random"
        left = "".join(f" Left out: {count:,} {reason}." for reason, count in self.left_out.items())
        said = [*self._pair_facts(), EXCHANGEABLE, *(f"{note[:1].upper()}{note[1:]}." for note in self.notes)]
        return (
            f"{self.formula}. {self.family}, {self.people.n_rows:,} rows, {self.people.n_people:,} people; "
            f"{METHODS[self.method]}; {drawn} permutations of people{seed}; p of |{self.statistic}|.{left} "
            f"{' '.join(said)}"
        )
