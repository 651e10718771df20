"""Write docs/figures.md and its drawings, docs/figures/*.svg: every figure, of simulated studies.

python docs/gallery.py
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import honestsignals as hs

HERE = Path(__file__).parent
SEED = 3
"""Of the study; draws and divisions have seed 1."""
MODERATED = "trust ~ log1p(acts)"
OPENING = f"""\
# Figures

Every figure is a function of a table and an Axes, and returns the Axes: `hs.figures.roc(found, axes)`. A
figure of its own, of the size of a page, comes from `hs.figures.draw("roc", found)`; on a screen 360 pixels
wide it wants `width=3.75`. `hs.figures.save(figure, "roc.svg")` writes SVG, PDF or PNG, the same bytes every
time. `hs.figures.alt_text(figure)` says in words and numbers what a drawn figure shows; it is what stands in
for each image here, and it never names a person.

Colours are of Okabe and Ito's palette, and what differs in colour differs in line or mark too, so that
grey prints can be read. A page may replace them: `hs.figures.COLOURS` has a word for each, and
`hs.figures.DARK` what suits a dark page.

All of these are drawn by `python docs/gallery.py` of simulated studies, in which nobody exists:

```python
import honestsignals as hs

study = hs.simulate(people=40, days=60, seed={SEED}).study()
dyads = study.dyads(label="friendship")
trust = study.dyads(label="trust")
```
"""


def studies(count: int = 6) -> hs.MetaAnalysis:
    """What balance adds to volume, over several simulated studies."""
    found = {}
    for seed in range(1, count + 1):
        people = 20 + 6 * seed
        table = hs.simulate(people=people, days=60, seed=seed).study().dyads(label="friendship")
        found[f"{people} people"] = hs.evaluate(table, ladder=["volume", "balance"], seed=1)
    return hs.meta_analysis(found)


def tables() -> dict[str, tuple[str, Callable[[], Any], dict[str, Any]]]:
    """Of each figure: the code that makes its table, the table, and further arguments."""
    study = hs.simulate(people=40, days=60, seed=SEED).study()
    trust, dyads = study.dyads(label="trust"), study.dyads(label="friendship")
    evaluated = hs.evaluate(dyads, seed=1)
    formula = "trust ~ log1p(acts_ego) + log1p(acts_alter) + known(returned_share)"
    evaluation = 'found = hs.evaluate(dyads, seed=1)\nhs.figures.draw("{}", found)'
    return {
        "give_take": ('hs.figures.draw("give_take", dyads)', lambda: dyads, {}),
        "network": ('hs.figures.draw("network", study.log)', lambda: study.log, {}),
        "exchange": ('hs.figures.draw("exchange", study.log)', lambda: study.log, {}),
        "return_curve": (
            'returns = hs.return_curves(study, by="kind", horizon="2D")\n'
            'hs.figures.draw("return_curve", returns)',
            lambda: hs.return_curves(study, by="kind", horizon="2D"),
            {},
        ),
        "event_study": (
            "log = hs.simulate_disclosure(seed=1).log\n"
            'hs.figures.draw("event_study", hs.stifling(log).event_study())',
            lambda: hs.stifling(hs.simulate_disclosure(seed=1).log).event_study(),
            {},
        ),
        "sensitivity": (
            "log = hs.simulate_disclosure(seed=1).log\n"
            'hs.figures.draw("sensitivity", hs.stifling(log).sensitivity())',
            lambda: hs.stifling(hs.simulate_disclosure(seed=1).log).sensitivity(),
            {},
        ),
        "matching": (
            "log = hs.simulate_disclosure(seed=3, people=40, days=180).log\n"
            'hs.figures.draw("matching", hs.matching(log))',
            lambda: hs.matching(hs.simulate_disclosure(seed=SEED, people=40, days=180).log),
            {},
        ),
        "bend": (
            "log = hs.simulate_disclosure(seed=3).log\n"
            'hs.figures.draw("bend", hs.disclosure_bend(log, outcome="next_depth"))',
            lambda: hs.disclosure_bend(hs.simulate_disclosure(seed=SEED).log, outcome="next_depth"),
            {},
        ),
        "reciprocity_null": (
            'draws = hs.null_draws(study, "returned_share", seed=1)\n'
            'hs.figures.draw("reciprocity_null", draws)',
            lambda: hs.null_draws(study, "returned_share", seed=1),
            {},
        ),
        "coefficients": (
            f'fitted = hs.fit("{formula}", trust)\nhs.figures.draw("coefficients", fitted)',
            lambda: hs.fit(formula, trust),
            {},
        ),
        "moderation": (
            f'found = hs.moderation("{MODERATED}", trust, by="gap_tenure", family="gaussian")\n'
            'hs.figures.draw("moderation", found)',
            lambda: hs.moderation(MODERATED, trust, by="gap_tenure", family="gaussian"),
            {},
        ),
        "permutation_null": (
            f'tested = hs.permute(\n    "{formula}", trust, family="gaussian", seed=1\n)\n'
            'hs.figures.draw("permutation_null", tested)',
            lambda: hs.permute(formula, trust, family="gaussian", seed=1),
            {},
        ),
        "forest": (
            "# several: {name of the study: its evaluation}\n"
            'hs.figures.draw("forest", hs.meta_analysis(several))',
            studies,
            {},
        ),
        **{
            name: (evaluation.format(name), lambda: evaluated, {})
            for name in ("ladder", "roc", "precision_recall", "reliability")
        },
        "learning_curve": (
            'found = hs.evaluate(dyads, seed=1)\nhs.figures.draw("learning_curve", found.learning_curve())',
            evaluated.learning_curve,
            {},
        ),
    }


def page() -> str:
    """Draw every figure, and the page that shows them."""
    (HERE / "figures").mkdir(exist_ok=True)
    parts, made = [OPENING], tables()
    for name, one in hs.figures.FIGURES.items():
        code, table, options = made[name]
        figure = hs.figures.draw(name, table(), options=options)
        hs.figures.save(figure, HERE / "figures" / f"{name}.svg")
        needs = textwrap.fill(f"`{name}` needs {one.needs}.", 110)
        words = hs.figures.alt_text(figure).replace("[", "(").replace("]", ")")
        parts.append(
            f"## {one.title}\n\n{needs}\n\n```python\n{code}\n```\n\n![{words}](figures/{name}.svg)\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    (HERE / "figures.md").write_text(page(), encoding="utf-8")
