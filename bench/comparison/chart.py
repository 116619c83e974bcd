# SPDX-License-Identifier: MIT
"""The chart: for each line how many times the best peer's figure is weft's, on a logarithmic scale; right of 1 weft leads."""

import math
from html import escape

from comparison.figures import geomean
from comparison.report import number

ROW, TOP, LABEL, PLOT, TEXT = 19, 96, 190, 520, 270
LEAST, MOST = 1 / 8, 64
LEADS, TRAILS, ONE = "#2b6cb0", "#c05621", "#1a202c"


def x_of(ratio):
    share = (math.log(min(max(ratio, LEAST), MOST)) - math.log(LEAST)) / (math.log(MOST) - math.log(LEAST))
    return LABEL + share * PLOT


def text(x, y, words, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'


def grid(height):
    ratio = LEAST
    while ratio <= MOST:
        x = x_of(ratio)
        colour = ONE if ratio == 1 else "#e2e8f0"
        yield f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 34}" stroke="{colour}"/>'
        yield text(x, TOP - 10, f"{ratio:g}x", 'text-anchor="middle" fill="#4a5568"')
        ratio *= 2


def row(result, y):
    yield text(LABEL - 8, y + 12, result.line.name, 'text-anchor="end"')
    if result.ratio is not None:
        x, one = x_of(result.ratio), x_of(1)
        colour = LEADS if result.ratio >= 1 else TRAILS
        yield (f'<rect x="{min(x, one):.1f}" y="{y + 3}" width="{max(abs(x - one), 1):.1f}" height="{ROW - 7}" '
               f'fill="{colour}" rx="1"/>')
    if result.ratio_1w is not None:
        x, middle = x_of(result.ratio_1w), y + ROW / 2 - 1
        yield (f'<path d="M{x:.1f} {middle - 6} l6 6 l-6 6 l-6 -6 z" fill="#ffffff" stroke="{ONE}" '
               'stroke-width="1.4"/>')
    best = result.best()
    if best and result.weft:
        words = f"{number(result.weft.median)} {result.line.unit}, {best} {number(result.peers[best].median)}"
        yield text(LABEL + PLOT + 12, y + 12, words, 'fill="#4a5568"')


def legend(y):
    yield f'<rect x="{LABEL}" y="{y - 9}" width="22" height="10" fill="{LEADS}" rx="1"/>'
    yield text(LABEL + 28, y, "wall time with two workers (or bytes)")
    x = LABEL + 262
    yield f'<path d="M{x} {y - 10} l6 6 l-6 6 l-6 -6 z" fill="#ffffff" stroke="{ONE}" stroke-width="1.4"/>'
    yield text(x + 12, y, "processor time with one worker")


def svg(results, machine, versions):
    width, height = LABEL + PLOT + TEXT, TOP + ROW * len(results) + 44
    mean = geomean(results)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11.5" fill="#1a202c">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        text(16, 24, f"weft against the best peer of each line: {number(mean)}x in the geometric mean",
             'font-size="16" font-weight="bold"'),
        text(16, 42, f"{machine['machine']}; {machine['kernel']}", 'fill="#4a5568"'),
        text(16, 58, ", ".join(f"{name} {version}" for name, version in versions.items()), 'fill="#4a5568"'),
        *grid(height),
    ]
    for i, result in enumerate(results):
        parts.extend(row(result, TOP + i * ROW))
    parts.extend(legend(height - 14))
    return "\n".join([*parts, "</svg>", ""])
