"""Every column of a dyad table from loops over lists: the formulas of the docstrings, nothing shared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.twins_asymmetry import asymmetry
from tests.twins_chance import chance
from tests.twins_disclosure import disclosing
from tests.twins_timing import timed, together

NAN = math.nan
SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass(frozen=True)
class Act:
    """One row of a log."""

    sender: int
    receiver: int
    time: int = 0
    count: int = 1
    weight: float = 0.0
    kind: int = 0
    conversation: int = -1
    depth: float = NAN
    topic: int = -1


@dataclass(frozen=True)
class World:
    """What holds for all pairs: what was observed when, and how it is measured."""

    start: int
    end: int
    gap: int
    period: int
    kinds: tuple[str, ...] = ()
    main: tuple[int, ...] | None = None
    threads: bool = False
    horizon: int = DAY
    silence: int = 7 * DAY
    window: int = DAY
    margin: float = 0.0


def quotient(top: float, bottom: float) -> float:
    return top / bottom if bottom else NAN


def twin(log: Sequence[Act], ego: int, alter: int, before: int | None, world: World) -> dict[str, float]:
    """Columns of one row: of the log cut off just before a moment."""
    end = world.end if before is None else min(world.end, before - 1)
    acts = [act for act in log if {act.sender, act.receiver} == {ego, alter}]
    acts = [act for act in acts if before is None or act.time < before]
    out: dict[str, float] = {}
    for code, kind in enumerate(world.kinds):
        of_kind = [act for act in acts if act.kind == code]
        out |= {f"{name}__{kind}": value for name, value in given(of_kind, ego, alter).items()}
        shares = balance(out[f"acts_ego__{kind}"], out[f"acts_alter__{kind}"])
        out |= {f"{name}__{kind}": value for name, value in shares.items()}
    if world.main is not None:
        acts = [act for act in acts if act.kind in world.main]
    out |= given(acts, ego, alter)
    out |= balance(out["acts_ego"], out["acts_alter"])
    shares = balance(out["weight_ego"], out["weight_alter"])
    out |= {f"{name}__weight": value for name, value in shares.items()}
    out |= around(log, ego, alter, before, world) | exchanges(out, world)
    out["log_odds_giving"] = math.log((out["acts_ego"] + 0.5) / (out["acts_alter"] + 0.5))
    out["acts"] = out["acts_ego"] + out["acts_alter"]
    out["in_contact"] = 1 if out["acts"] else 0
    out["weight"] = out["weight_ego"] + out["weight_alter"]
    out |= chance(out)
    out |= asymmetry(log, ego, alter, before, world)
    out |= periods(acts, end, world) | halves(acts, ego, alter, end, world)
    single = [act for act in acts for _ in range(act.count)]
    out |= moments(single, end) | burstiness(single)
    out |= turns(single, ego, alter, out["acts_ego"], out["acts_alter"])
    out |= answers(single, ego, alter, end, world)
    spans = (world.gap, world.horizon, world.silence)
    out |= timed(single, openings(single, world), (ego, alter), (world.start, end), spans)
    out |= together(acts, ego, world.start, end, world.period)
    out |= disclosing(acts, single, (ego, alter), end, (world.window, world.margin))
    return forms(out) | out


def around(log: Sequence[Act], ego: int, alter: int, before: int | None, world: World) -> dict[str, float]:
    """What rests on everybody's acts: totals and attention, for acts, for weight and by kind."""
    known = [act for act in log if before is None or act.time < before]
    main = [act for act in known if world.main is None or act.kind in world.main]
    views = {"": main, "__weight": main}
    views |= {
        f"__{kind}": [act for act in known if act.kind == code] for code, kind in enumerate(world.kinds)
    }
    out: dict[str, float] = {}
    for end, acts in views.items():

        def amount(act: Act, end: str = end) -> float:
            return act.weight if end == "__weight" else act.count

        for side, who, other in (("ego", ego, alter), ("alter", alter, ego)):
            to = math.fsum(amount(act) for act in acts if (act.sender, act.receiver) == (who, other))
            total = math.fsum(amount(act) for act in acts if act.sender == who)
            out[f"total_given_{side}{end}"] = total
            out[f"total_received_{side}{end}"] = math.fsum(amount(act) for act in acts if act.receiver == who)
            out[f"attention_{side}{end}"] = quotient(to, total)
        shares = out[f"attention_ego{end}"], out[f"attention_alter{end}"]
        both = all(share > 0 for share in shares)
        out |= embedded(acts, ego, alter, end) if end != "__weight" else {}
        out[f"attention_gap{end}"] = abs(math.log(shares[0]) - math.log(shares[1])) if both else NAN
    return out


def embedded(acts: Sequence[Act], ego: int, alter: int, end: str) -> dict[str, float]:
    """Contacts of the two, from sets."""
    people = {person for act in acts for person in (act.sender, act.receiver)} | {ego, alter}
    near = {
        one: {
            act.receiver if act.sender == one else act.sender
            for act in acts
            if one in (act.sender, act.receiver)
        }
        for one in people
    }
    both, either = near[ego] & near[alter], (near[ego] | near[alter]) - {ego, alter}
    return {
        f"contacts_ego{end}": len(near[ego]),
        f"contacts_alter{end}": len(near[alter]),
        f"shared_contacts{end}": len(both),
        f"overlap{end}": quotient(len(both), len(either)),
        f"adamic_adar{end}": math.fsum(1 / math.log(len(near[one])) for one in both),
    }


def exchanges(out: dict[str, float], world: World) -> dict[str, float]:
    """Ego's acts of one kind against alter's of another, and the symmetric forms."""
    found = {}
    for one in world.kinds:
        for other in world.kinds:
            given = out[f"acts_ego__{one}"], out[f"acts_alter__{other}"]
            found[f"exchange__{one}__{other}"] = quotient(2 * min(given), sum(given))
    both = {}
    for one in world.kinds:
        for other in world.kinds:
            forth, back = found[f"exchange__{one}__{other}"], found[f"exchange__{other}__{one}"]
            undefined = math.isnan(forth) or math.isnan(back)
            both[f"exchange_mean__{one}__{other}"] = (forth + back) / 2
            both[f"exchange_gap__{one}__{other}"] = abs(forth - back)
            both[f"exchange_min__{one}__{other}"] = NAN if undefined else min(forth, back)
            both[f"exchange_max__{one}__{other}"] = NAN if undefined else max(forth, back)
    return found | both


def given(acts: Sequence[Act], ego: int, alter: int) -> dict[str, float]:
    out: dict[str, float] = {}
    for side, who in (("ego", ego), ("alter", alter)):
        out[f"acts_{side}"] = sum(act.count for act in acts if act.sender == who)
        out[f"weight_{side}"] = math.fsum(act.weight for act in acts if act.sender == who)
    return out


def balance(ego: float, alter: float) -> dict[str, float]:
    both = ego + alter
    share = quotient(ego, both)
    entropy = NAN
    if both:
        entropy = -sum(part * math.log2(part) for part in (share, 1 - share) if part > 0)
    state = {(False, False): 0, (True, False): 1, (False, True): 2, (True, True): 3}[ego > 0, alter > 0]
    return {
        "dyad_state": state,
        "give_share": share,
        "net_giving": quotient(ego - alter, both),
        "imbalance": quotient(abs(ego - alter), both),
        "lopsidedness": quotient(max(ego, alter), both),
        "min_max_ratio": quotient(min(ego, alter), max(ego, alter)),
        "coherence": quotient(2 * math.sqrt(ego * alter), both),
        "balance_entropy": entropy,
        "returned_weight": min(ego, alter),
        "returned_share": quotient(2 * min(ego, alter), both),
    }


def periods(acts: Sequence[Act], end: int, world: World) -> dict[str, float]:
    active = len({(act.time - world.start) // world.period for act in acts})
    observed = (end - world.start) // world.period + 1 if end >= world.start else 0
    return {
        "active_periods": active,
        "observed_periods": observed,
        "persistence": quotient(active, observed),
    }


def halves(acts: Sequence[Act], ego: int, alter: int, end: int, world: World) -> dict[str, float]:
    """Acts of each in the first half of what was observed; an act at its middle is in the second."""
    early = [act for act in acts if act.time - world.start < (end - world.start) / 2]
    return {
        f"early_acts_{side}": sum(act.count for act in early if act.sender == who)
        for side, who in (("ego", ego), ("alter", alter))
    }


def moments(acts: Sequence[Act], end: int) -> dict[str, float]:
    times = [act.time for act in acts]
    first, last = (min(times), max(times)) if times else (NAN, NAN)
    return {
        "first_act": first / SECOND,
        "last_act": last / SECOND,
        "span_days": (last - first) / DAY,
        "active_days": len({time // DAY for time in times}),
        "recency_days": (end - last) / DAY,
    }


def burstiness(acts: Sequence[Act]) -> dict[str, float]:
    times = sorted(act.time for act in acts)
    gaps = [(after - time) / SECOND for time, after in pairwise(times)]
    if len(gaps) < 2:
        return {"burstiness": NAN}
    mean = math.fsum(gaps) / len(gaps)
    deviation = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    return {"burstiness": quotient(deviation - mean, deviation + mean)}


def turns(acts: Sequence[Act], ego: int, alter: int, from_ego: float, from_alter: float) -> dict[str, float]:
    known = changes = ordered = 0
    run = {ego: 0, alter: 0}
    longest = {ego: 0, alter: 0}
    before: set[int] = set()
    instants = sorted({act.time for act in acts})
    for time in instants:
        now = [act.sender for act in acts if act.time == time]
        mixed = len(set(now)) == 2
        if before and not mixed and len(before) == 1:
            # out of the instant before, and how many acts there had a follower that is known
            known += 1
            ordered += 1
            changes += before != set(now)
        if mixed or before != set(now):
            run = {ego: 0, alter: 0}
        for giver in set(now):
            # in a mixed instant whatever follows ends every run: each act is a run of its own
            run[giver] = 1 if mixed else run[giver] + now.count(giver)
            longest[giver] = max(longest[giver], run[giver])
        if not mixed:
            known += len(now) - 1
            ordered += len(now) - 1
        before = set(now)
    # the last act has no follower, and that is known unless two acts may be the last
    ordered += len(before) == 1
    share = quotient(changes, known)
    total = from_ego + from_alter
    excess = NAN
    if from_ego and from_alter:
        excess = share - 2 * from_ego * from_alter / (total * (total - 1))
    return {
        "transitions": known,
        "speaker_changes": changes,
        "alternation": share,
        "alternation_excess": excess,
        "ordered_acts": ordered,
        "immediate_return": quotient(changes, ordered),
        "longest_unreturned_ego": longest[ego],
        "longest_unreturned_alter": longest[alter],
    }


def threads(acts: Sequence[Act], world: World) -> list[list[Act]]:
    """Acts, conversation by conversation."""
    if world.threads:
        named = {act.conversation for act in acts if act.conversation >= 0}
        found = [[act for act in acts if act.conversation == name] for name in sorted(named)]
        return found + [[act] for act in acts if act.conversation < 0]
    found = []
    for act in sorted(acts, key=lambda act: act.time):
        if found and act.time - found[-1][-1].time <= world.gap:
            found[-1].append(act)
        else:
            found.append([act])
    return found


def openings(acts: Sequence[Act], world: World) -> list[tuple[int, int]]:
    """When conversations were opened, and by whom, where by one."""
    found = []
    for conversation in threads(acts, world):
        begin = min(act.time for act in conversation)
        openers = {act.sender for act in conversation if act.time == begin}
        found += [(begin, opener) for opener in openers if len(openers) == 1]
    return found


def answers(acts: Sequence[Act], ego: int, alter: int, end: int, world: World) -> dict[str, float]:
    other = {ego: alter, alter: ego}
    opened, possible, answered = ({ego: 0, alter: 0} for _ in range(3))
    conversations = threads(acts, world)
    for conversation in conversations:
        begin = min(act.time for act in conversation)
        openers = {act.sender for act in conversation if act.time == begin}
        if len(openers) == 2:
            continue
        opener = openers.pop()
        opened[opener] += 1
        if begin + world.gap > end:
            continue
        replies = [act.time for act in conversation if act.sender != opener]
        possible[other[opener]] += 1
        answered[other[opener]] += bool(replies) and min(replies) - begin <= world.gap
    out: dict[str, float] = {"conversations": len(conversations)}
    for side, who in (("ego", ego), ("alter", alter)):
        out[f"opened_{side}"] = opened[who]
        out[f"openings_to_{side}"] = possible[who]
        out[f"answered_{side}"] = answered[who]
        out[f"reply_rate_{side}"] = quotient(answered[who], possible[who])
    out["opening_share"] = quotient(opened[ego], opened[ego] + opened[alter])
    out["reply_rate"] = quotient(sum(answered.values()), sum(possible.values()))
    return out


def forms(columns: dict[str, float]) -> dict[str, float]:
    out = {}
    for name, ego in columns.items():
        whole, _, kind = name.partition("__")
        if not whole.endswith("_ego"):
            continue
        stem, end = whole.removesuffix("_ego"), f"__{kind}" if kind else ""
        alter = columns[f"{stem}_alter{end}"]
        undefined = math.isnan(ego) or math.isnan(alter)
        out[f"{stem}_mean{end}"] = (ego + alter) / 2
        out[f"{stem}_gap{end}"] = abs(ego - alter)
        out[f"{stem}_min{end}"] = NAN if undefined else min(ego, alter)
        out[f"{stem}_max{end}"] = NAN if undefined else max(ego, alter)
    return out
