"""What a report cites: the sources of its methods and measures, as a list of references prints them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """One source. The project's ``references.bib`` says the same, and a test holds the two together.

    Attributes
    ----------
    authors, year, title, where : str
        As a list of references prints them.
    doi : str
        "" where it has none.
    short : str
        As a sentence cites it.
    """

    authors: str
    year: str
    title: str
    where: str
    doi: str
    short: str


REFERENCES = {
    "akoglu2012": Reference(
        "Akoglu, L., Vaz de Melo, P. O. S. & Faloutsos, C.",
        "2012",
        "Quantifying reciprocity in large weighted communication networks",
        "Advances in Knowledge Discovery and Data Mining: PAKDD 2012, 85–96",
        "10.1007/978-3-642-30220-6_8",
        "Akoglu et al. 2012",
    ),
    "albert1984": Reference(
        "Albert, A. & Anderson, J. A.",
        "1984",
        "On the existence of maximum likelihood estimates in logistic regression models",
        "Biometrika 71(1), 1–10",
        "10.1093/biomet/71.1.1",
        "Albert & Anderson 1984",
    ),
    "aronow2015": Reference(
        "Aronow, P. M., Samii, C. & Assenova, V. A.",
        "2015",
        "Cluster-robust variance estimation for dyadic data",
        "Political Analysis 23(4), 564–577",
        "10.1093/pan/mpv018",
        "Aronow, Samii & Assenova 2015",
    ),
    "demontjoye2016": Reference(
        "de Montjoye, Y.-A., Rocher, L. & Pentland, A. S.",
        "2016",
        "bandicoot: a Python toolbox for mobile phone metadata",
        "Journal of Machine Learning Research 17(175), 1–5",
        "",
        "de Montjoye et al. 2016",
    ),
    "efron1981": Reference(
        "Efron, B. & Stein, C.",
        "1981",
        "The jackknife estimate of variance",
        "The Annals of Statistics 9(3), 586–596",
        "10.1214/aos/1176345462",
        "Efron & Stein 1981",
    ),
    "fafchamps2007": Reference(
        "Fafchamps, M. & Gubert, F.",
        "2007",
        "The formation of risk sharing networks",
        "Journal of Development Economics 83(2), 326–350",
        "10.1016/j.jdeveco.2006.05.005",
        "Fafchamps & Gubert 2007",
    ),
    "gibson2003": Reference(
        "Gibson, D. R.",
        "2003",
        "Participation shifts: Order and differentiation in group conversation",
        "Social Forces 81(4), 1335–1380",
        "10.1353/sof.2003.0055",
        "Gibson 2003",
    ),
    "goh2008": Reference(
        "Goh, K.-I. & Barabási, A.-L.",
        "2008",
        "Burstiness and memory in complex systems",
        "EPL (Europhysics Letters) 81(4), 48002",
        "10.1209/0295-5075/81/48002",
        "Goh & Barabási 2008",
    ),
    "haldane1956": Reference(
        "Haldane, J. B. S.",
        "1956",
        "The estimation and significance of the logarithm of a ratio of frequencies",
        "Annals of Human Genetics 20(4), 309–311",
        "10.1111/j.1469-1809.1955.tb01285.x",
        "Haldane 1956",
    ),
    "hidalgo2008": Reference(
        "Hidalgo, C. A. & Rodriguez-Sickert, C.",
        "2008",
        "The dynamics of a mobile phone network",
        "Physica A: Statistical Mechanics and its Applications 387(12), 3017–3024",
        "10.1016/j.physa.2008.01.073",
        "Hidalgo & Rodriguez-Sickert 2008",
    ),
    "holland1970": Reference(
        "Holland, P. W. & Leinhardt, S.",
        "1970",
        "A method for detecting structure in sociometric data",
        "American Journal of Sociology 76(3), 492–513",
        "10.1086/224954",
        "Holland & Leinhardt 1970",
    ),
    "kovanen2010": Reference(
        "Kovanen, L., Saramäki, J. & Kaski, K.",
        "2010",
        "Reciprocity of mobile phone calls",
        "arXiv:1002.0763",
        "10.48550/arXiv.1002.0763",
        "Kovanen, Saramäki & Kaski 2010",
    ),
    "satterthwaite1946": Reference(
        "Satterthwaite, F. E.",
        "1946",
        "An approximate distribution of estimates of variance components",
        "Biometrics Bulletin 2(6), 110–114",
        "10.2307/3002019",
        "Satterthwaite 1946",
    ),
    "seabold2010": Reference(
        "Seabold, S. & Perktold, J.",
        "2010",
        "statsmodels: Econometric and statistical modeling with Python",
        "Proceedings of the 9th Python in Science Conference, 92–96",
        "10.25080/Majora-92bf1922-011",
        "Seabold & Perktold 2010",
    ),
    "squartini2013": Reference(
        "Squartini, T., Picciolo, F., Ruzzenenti, F. & Garlaschelli, D.",
        "2013",
        "Reciprocity of weighted networks",
        "Scientific Reports 3, 2729",
        "10.1038/srep02729",
        "Squartini et al. 2013",
    ),
    "tabordmeehan2019": Reference(
        "Tabord-Meehan, M.",
        "2019",
        "Inference with dyadic data: Asymptotic behavior of the dyadic-robust t-statistic",
        "Journal of Business & Economic Statistics 37(4), 671–680",
        "10.1080/07350015.2017.1409630",
        "Tabord-Meehan 2019",
    ),
    "urena2020": Reference(
        "Ureña-Carrion, J., Saramäki, J. & Kivelä, M.",
        "2020",
        "Estimating tie strength in social networks using temporal communication data",
        "EPJ Data Science 9, 37",
        "10.1140/epjds/s13688-020-00256-5",
        "Ureña-Carrion, Saramäki & Kivelä 2020",
    ),
    "vanhooff1987": Reference(
        "van Hooff, J. A. R. A. M. & Wensing, J. A. B.",
        "1987",
        "Dominance and its behavioral measures in a captive wolf pack",
        "Man and wolf: Advances, issues, and problems in captive wolf research, 219–252",
        "",
        "van Hooff & Wensing 1987",
    ),
}


def cited(keys: Iterable[str]) -> list[Reference]:
    """The sources of some keys, in the order of a list of references; a key without one is passed over.

    Parameters
    ----------
    keys : iterable of str
        Keys of ``references.bib``.

    Returns
    -------
    list of Reference

    Examples
    --------
    >>> [one.short for one in cited(["goh2008", "efron1981"])]
    ['Efron & Stein 1981', 'Goh & Barabási 2008']
    """
    return [REFERENCES[key] for key in sorted(set(keys)) if key in REFERENCES]
