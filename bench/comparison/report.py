# SPDX-License-Identifier: MIT
"""The table that is printed, and the file for programs."""

import json

from comparison.figures import geomean

HEAD = ("line", "unit", "weft", "±", "best peer", "", "ratio", "of rounds", "1w cpu", "best peer", "", "ratio", "raw",
        "x raw", "sw/op", "quiet")
LEFT = {0, 1, 5, 7, 10}


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cells(result):
    weft, best, best_1w, raw = result.weft, result.best(), result.best_1w(), result.raw
    if not weft:
        return [result.line.name, result.line.unit, "failed", *[""] * (len(HEAD) - 3)]
    return [
        result.line.name, result.line.unit, number(weft.median), f"{weft.spread * 100:.0f}%",
        number(result.peers[best].median) if best else "-", best or "", number(result.ratio),
        f"{number(result.ratio_low)}-{number(result.ratio_high)}" if best else "",
        number(weft.cpu_1w), number(result.peers[best_1w].cpu_1w) if best_1w else "-", best_1w or "",
        number(result.ratio_1w), number(raw.median) if raw else "-",
        number(weft.median / raw.median) if raw and raw.median > 0 else "-", f"{weft.switches:.3f}",
        f"{weft.quiet}/{weft.rounds}",
    ]


def table(results):
    rows = [HEAD, *map(cells, results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    texts = ["  ".join(cell.ljust(widths[i]) if i in LEFT else cell.rjust(widths[i]) for i, cell in enumerate(row)).rstrip()
             for row in rows]
    return "\n".join([texts[0], "-" * len(texts[0]), *texts[1:]])


def served(result):
    """Messages per second, of a server and its load together."""
    figures = {"weft": result.weft, **result.peers, **({"raw": result.raw} if result.raw else {})}
    return f"{result.line.name}, messages per second: " + ", ".join(
        f"{name} {figure.per_second:,.0f}" for name, figure in figures.items())


def summary(results):
    behind = [result.line.name for result in results if result.ratio is not None and result.ratio < 1]
    mean = geomean(results)
    yield f"geometric mean of the ratios (1w cpu where measured, else 2w): {number(mean)}"
    yield f"behind the best peer with two workers: {', '.join(behind) if behind else 'no line'}"
    quiet = sum(result.weft.quiet for result in results if result.weft)
    total = sum(result.weft.rounds for result in results if result.weft)
    yield f"quiet rounds of weft (others used less than 0.15 processors): {quiet} of {total}"
    yield from map(served, filter(lambda result: result.line.load and result.line.figure == "cpu" and result.weft, results))
    for result in results:
        for name, why in result.failed.items():
            yield f"{name} failed on {result.line.name}: {why}"


def write_json(path, results):
    path.write_text(json.dumps({"geomean": geomean(results), "lines": [each.as_json() for each in results]}, indent=1) + "\n")


def write_samples(path, machine, versions, all_samples):
    """Every round, for who wants to look closer."""
    lines = [{"name": samples.line.name,
              "rounds": [{"contestant": name, "workers": workers, "rounds": rounds}
                         for (name, workers), rounds in samples.rounds.items()]} for samples in all_samples]
    path.write_text(json.dumps({"machine": machine, "versions": versions, "lines": lines}) + "\n")
