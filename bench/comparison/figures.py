# SPDX-License-Identifier: MIT
"""From rounds to figures: medians, spreads, ratios, and the geometric mean of all lines."""

import math
from dataclasses import dataclass
from statistics import median

from comparison.contestants import LIMIT, PEERS, WEFT
from comparison.rounds import QUIET


def at(values, part):
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]


@dataclass
class Figure:
    """One contestant's on one line, with two workers (a server: with one); cpu_1w with one, or None."""
    median: float
    min: float
    p99: float
    cpu_1w: float | None
    spread: float    # of the middle half, as a share of the median
    switches: float  # voluntary ones per operation
    quiet: int       # rounds
    rounds: int
    per_second: float | None  # of a server: how many messages its load got through

    def as_json(self):
        return {"median": self.median, "min": self.min, "p99": self.p99, "cpu_1w": self.cpu_1w}


@dataclass
class Result:
    """One line."""
    line: object
    weft: Figure | None
    peers: dict   # name -> Figure
    raw: Figure | None
    ratio: float | None      # best peer's median / weft's
    ratio_low: float | None  # the same of single rounds, their smallest and largest
    ratio_high: float | None
    ratio_1w: float | None   # of processor time with one worker
    failed: dict

    def best(self):
        return min(self.peers, key=lambda name: self.peers[name].median) if self.peers else None

    def best_1w(self):
        known = {name: figure.cpu_1w for name, figure in self.peers.items() if figure.cpu_1w is not None}
        return min(known, key=known.get) if known else None

    def judged(self):
        """What counts in the mean: processor time with one worker where it is measured, else the wall with two."""
        return self.ratio_1w if self.ratio_1w is not None else self.ratio

    def as_json(self):
        return {
            "name": self.line.name,
            "unit": self.line.unit,
            "weft": self.weft.as_json() if self.weft else {},
            "peers": {name: figure.as_json() for name, figure in self.peers.items()},
            "raw": self.raw.as_json() if self.raw else {},
            "ratio": self.ratio,
        }


def figure_of(samples, name):
    line, workers = samples.line, samples.line.workers[0]
    values = [value / line.per for value in samples.values(name, workers, line.figure)]
    if not values:
        return None
    middle = median(values)
    own_p99 = median(samples.values(name, workers, "p99")) / line.per
    cpu = samples.values(name, 1, "cpu") if line.figure != "p99" and not line.once else []
    return Figure(
        median=middle,
        min=min(values),
        p99=own_p99 if own_p99 > 0 else at(values, 0.99),
        cpu_1w=median(cpu) if cpu else None,
        spread=(at(values, 0.75) - at(values, 0.25)) / middle if middle > 0 else 0.0,
        switches=median(samples.values(name, workers, "switches")),
        quiet=sum(load < QUIET for load in samples.values(name, workers, "foreign")),
        rounds=len(values),
        per_second=1e9 / median(samples.values(name, workers, "value")) if line.load and not line.once else None)


def single_ratios(samples, peer):
    line, workers = samples.line, samples.line.workers[0]
    pairs = zip(samples.values(peer, workers, line.figure), samples.values(WEFT, workers, line.figure))
    return [theirs / ours for theirs, ours in pairs if ours > 0]


def result_of(samples):
    weft = figure_of(samples, WEFT)
    peers = {name: figure for name in PEERS if (figure := figure_of(samples, name))}
    result = Result(samples.line, weft, peers, figure_of(samples, LIMIT), None, None, None, None, samples.failed)
    best, best_1w = result.best(), result.best_1w()
    if weft and best and weft.median > 0:
        single = single_ratios(samples, best)
        result.ratio = peers[best].median / weft.median
        result.ratio_low, result.ratio_high = min(single), max(single)
    if weft and best_1w and weft.cpu_1w:
        result.ratio_1w = peers[best_1w].cpu_1w / weft.cpu_1w
    return result


def geomean(results):
    ratios = [ratio for result in results if (ratio := result.judged())]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None
