"""Words of a formula: which columns its parts read, and which of those may be undefined."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from dataclasses import dataclass

from honestsignals.errors import ArgumentError
from honestsignals.formula_calls import refuse_hidden
from honestsignals.glossary import FORMULA_WORDS

QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`""")
"""Text between quotation marks, which is no name; and a name between backticks, whole."""

OF_ALL_ROWS = frozenset({"center", "scale", "standardize", "poly", "bs", "cs", "cc", "cr"})
"""Functions whose value in one row hangs on the others: an undefined row would spoil all of them."""

INDULGENT = frozenset({"known", "undefined"})
"""Functions that make a number of what is undefined: inside them, rows need not have a column."""

MOODY = frozenset({"lag", "hashed"})
"""Functions that would depend on the order of rows, or on how names are spelt."""


@dataclass(frozen=True)
class Words:
    """What an expression names.

    Attributes
    ----------
    names : tuple of str
        Columns, and what stands where a column could, in order.
    bare : frozenset of str
        Those of them that stand outside ``known()`` and ``undefined()`` somewhere: rows must have them.
    calls : frozenset of str
        Functions that it calls by name.
    """

    names: tuple[str, ...]
    bare: frozenset[str]
    calls: frozenset[str]


def words_of(expression: str) -> Words:
    """What an expression of a formula names: names between backticks whole, and nothing that is quoted.

    Parameters
    ----------
    expression : str
        Either side of a comparison, or one factor of a term, as Python with names between backticks.

    Returns
    -------
    Words

    Raises
    ------
    SyntaxError
        For what cannot be read.
    ArgumentError
        For ``known()`` of a function of all rows.

    Examples
    --------
    >>> words_of("`my y` > log1p(acts)").names
    ('my y', 'acts')
    >>> words_of("C(kind, contr.treatment('help'))").names
    ('kind', 'contr')
    >>> words_of("known(log1p(share)) * acts").bare
    frozenset({'acts'})
    """
    tree, quoted = tree_of(expression)
    found = _Found([], set(), set())
    _read(tree, found, False)
    names = [quoted.get(one, one) for one in found.names]
    bare = frozenset(quoted.get(one, one) for one in found.bare)
    return Words(tuple(dict.fromkeys(names)), bare, frozenset(found.calls))


def tree_of(expression: str) -> tuple[ast.expr, dict[str, str]]:
    """An expression as Python reads it, and the names between backticks by what stands for them there.

    Parameters
    ----------
    expression : str

    Returns
    -------
    tree : ast.expr
    quoted : dict of str to str

    Raises
    ------
    SyntaxError
        For what cannot be read.

    Examples
    --------
    >>> tree, quoted = tree_of("log1p(`my x`)")
    >>> ast.unparse(tree), quoted
    ('log1p(_quoted0)', {'_quoted0': 'my x'})
    """
    stem = "_quoted"
    while stem in expression:
        stem += "_"
    quoted: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        text = found.group()
        if text[0] != "`":
            return text
        name = f"{stem}{len(quoted)}"
        quoted[name] = text[1:-1]
        return f" {name} "

    return ast.parse(QUOTED.sub(stand_in, expression).strip(), mode="eval").body, quoted


@dataclass
class _Found:
    names: list[str]
    bare: set[str]
    calls: set[str]


def _read(node: ast.AST, found: _Found, known: bool) -> None:
    """Gather names below a node; ``known``: whether a parent makes a number of what is undefined."""
    if isinstance(node, ast.Name):
        found.names.append(node.id)
        if not known:
            found.bare.add(node.id)
        return
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        for below in ast.iter_child_nodes(node):
            _read(below, found, known)
        return
    name = node.func.id
    found.calls.add(name)
    if known and name in OF_ALL_ROWS:
        raise ArgumentError(
            f"known() cannot stand around {name}(), which looks at all rows at once: one undefined would "
            f"spoil them all. Write {name}(known(x))."
        )
    inside = known or name in INDULGENT
    for argument in [*node.args, *(one.value for one in node.keywords)]:
        if name == "Q":
            if not isinstance(argument, ast.Constant):
                raise ArgumentError("Q() takes the name of a column between quotation marks.")
            _read(ast.Name(str(argument.value)), found, known)
        else:
            _read(argument, found, inside)


def variables_of(factor: str, columns: Iterable[str]) -> set[str]:
    """Columns that a part of a formula reads.

    Parameters
    ----------
    factor : str
        As formulaic writes it: the name of a column, an expression, or a column of the design.
    columns : iterable of str
        The columns there are.

    Returns
    -------
    set of str

    Examples
    --------
    >>> sorted(variables_of("C(kind, contr.treatment('help'))", ["acts", "help", "kind"]))
    ['kind']
    >>> variables_of("x lag", ["x", "x lag"])
    {'x lag'}
    """
    there = {str(one) for one in columns}
    if factor in there:
        return {factor}
    try:
        return there & set(words_of(factor).names)
    except SyntaxError:
        # a column of the design, as "kind[T.help]:acts", is no expression
        bare = QUOTED.sub(lambda found: found.group().strip("`") if found.group()[0] == "`" else " ", factor)
        return there & set(re.findall(r"[^\W\d]\w*(?!\w)(?!\s*\()", bare))


def right_side(right: str, columns: Iterable[str]) -> tuple[set[str], set[str]]:
    """Names that a formula's right side reads, and those of them that rows must have.

    Parameters
    ----------
    right : str
        Terms, in formulaic's language.
    columns : iterable of str
        The columns there are; a name that is none of them and no word of formulas is handed on too.

    Returns
    -------
    names : set of str
    bare : set of str
        Those that stand outside ``known()`` and ``undefined()``.

    Raises
    ------
    ArgumentError
        For what cannot be read, or would depend on the order of rows.

    Examples
    --------
    >>> right_side("bs(acts, df=4) + known(log1p(share))", ["acts", "df", "share"])[1]
    {'acts'}
    """
    from formulaic import Formula
    from formulaic.errors import FormulaicError
    from formulaic.transforms import TRANSFORMS

    _refuse_powers(right)
    there = {str(one) for one in columns}
    said = {*FORMULA_WORDS, *TRANSFORMS, *dir(builtins)} - there
    names: set[str] = set()
    bare: set[str] = set()
    try:
        parsed = Formula(right)
        if type(parsed).__name__ != "SimpleFormula":
            raise ArgumentError(
                f"The formula's right side {right!r} has several parts; use '+' between terms."
            )
        for factor in {factor for term in parsed for factor in term.factors}:
            if factor.eval_method.value == "lookup":
                names.add(factor.expr)
                bare.add(factor.expr)
            elif factor.eval_method.value == "python":
                words = words_of(factor.expr)
                refuse_hidden(tree_of(factor.expr)[0], there)
                _refuse_moody(words)
                names |= set(words.names) - said
                bare |= words.bare - said
    except (FormulaicError, SyntaxError) as error:
        first = "'.' stands for no columns here; name them." if right.strip() == "." else str(error)
        raise ArgumentError(
            f"The formula's right side {right!r} cannot be read: {first.splitlines()[0]}"
        ) from error
    return names, bare


def expressions_of(right: str) -> list[str]:
    """Parts of a formula's right side that are computed, in order of the alphabet.

    Parameters
    ----------
    right : str
        Terms, in formulaic's language.

    Returns
    -------
    list of str

    Examples
    --------
    >>> expressions_of("acts + log1p(acts):center(share)")
    ['center(share)', 'log1p(acts)']
    """
    from formulaic import Formula

    factors = {factor for term in Formula(right) for factor in term.factors}
    return sorted(factor.expr for factor in factors if factor.eval_method.value == "python")


def _refuse_powers(right: str) -> None:
    """Refuse the power of a column, which in a formula is the column itself."""
    outside, before = re.sub(r"`[^`]*`", "quoted", right), ""
    while outside != before:
        before, outside = outside, re.sub(r"\w+\s*\([^()]*\)", "call", outside)
    power = re.search(r"(?<![\w)])([^\W\d]\w*)\s*(?:\*\*|\^)\s*\d+", outside)
    if power and power.group(1) != "call":
        raise ArgumentError(
            f"{power.group(0)!r} is {power.group(1)} itself in a formula; for its square write "
            f"square({power.group(1)}), for a higher power I({power.group(1)}**3)."
        )


def _refuse_moody(words: Words) -> None:
    moody = sorted(MOODY & words.calls)
    if moody:
        raise ArgumentError(f"{moody[0]} depends on the order of rows or names, so no model takes it here.")
