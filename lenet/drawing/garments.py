"""Clothes as lines, as a person would outline those of Fashion-MNIST's classes.

Proportions are random, half a body is about 0.5 wide; nothing is traced from anybody's drawing.
"""

import math

import numpy as np
from numpy.random import Generator

from lenet.drawing.strokes import (
    Drawing,
    Stroke,
    arc,
    both_sides,
    circle,
    closed,
    line,
    often,
    symmetric,
)


def _neck(rng: Generator, half: float, styles: str) -> Drawing:
    """A neckline between −half and half at y = 0, in one of the styles, a letter each."""
    depth = rng.uniform(0.08, 0.25)
    top = -rng.uniform(0.1, 0.25)
    hood = half * rng.uniform(1, 1.6)
    scoop = arc((0, 0), (half, depth), 0, 180)
    shapes: dict[str, Drawing] = {
        "v": [line((-half, 0), (0, depth * 1.4), (half, 0))],
        "f": [line((-half, 0), (half, 0))],  # flat
        "r": [scoop, arc((0, 0), (half, depth * 0.5), 180, 360)],  # a ring
        "t": [line((-half, 0), (-half, top), (half, top), (half, 0))],  # a turtleneck
        "h": [arc((0, -half), (half * 1.1, hood), 120, 420)],  # a hood
        "n": [],  # none
        "o": [scoop],  # round
    }
    return shapes[rng.choice(list(styles))]


def _top(
    rng: Generator, angle: float, sleeve: float, necks: str, cuffs: float
) -> tuple[Drawing, Stroke]:
    """A top with sleeves `sleeve` long that fall by `angle` degrees.

    Also its right half: neck, shoulder, the cuff's outer and inner end, armpit, hem.
    """
    height, neck = rng.uniform(0.9, 1.7), rng.uniform(0.12, 0.3)
    shoulder = np.array([rng.uniform(0.4, 0.55), rng.uniform(0.0, 0.18)])
    along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    across = np.array([-along[1], along[0]])
    width = rng.uniform(0.22, 0.5)
    outer = shoulder + sleeve * along
    inner = outer + width * rng.uniform(0.6, 1.1) * across
    pit = np.array([rng.uniform(0.32, 0.5), shoulder[1] + width + rng.uniform(0.0, 0.2)])
    inner[0] = max(inner[0], pit[0] + 0.04)
    hem = np.array([pit[0] * rng.uniform(0.85, 1.25), max(height, pit[1] + 0.35)])
    half = np.stack([np.array([neck, 0.0]), shoulder, outer, inner, pit, hem])
    drawing = [symmetric(half), *_neck(rng, neck, necks)]
    if often(rng, cuffs):
        drawing += both_sides(half[2:4] + (shoulder - outer) * rng.uniform(0.1, 0.25))
    if often(rng, cuffs):
        up = np.array([0.0, rng.uniform(0.08, 0.15)])
        drawing.append(np.stack([hem - up, hem * (-1, 1) - up]))
    return drawing, half


def t_shirt(rng: Generator) -> Drawing:
    """Short sleeves, or none; round, V or flat neck, sometimes a pocket or a print."""
    if often(rng, 0.08):
        return _tank_top(rng)
    drawing, _ = _top(rng, rng.uniform(0, 65), rng.triangular(0.2, 0.4, 0.8), "ooovfrn", 0.08)
    if often(rng, 0.08):
        x, y = rng.uniform(-0.2, 0.1), rng.uniform(0.4, 0.6)
        drawing.append(closed(line((x, y), (x + 0.15, y), (x + 0.15, y + 0.2), (x, y + 0.2))))
    return drawing


def _tank_top(rng: Generator) -> Drawing:
    """Straps instead of sleeves, a deep neck, straight sides."""
    neck, strap = rng.uniform(0.12, 0.25), rng.uniform(0.05, 0.15)
    side, pit = rng.uniform(0.35, 0.5), rng.uniform(0.35, 0.6)
    hem = side * rng.uniform(0.9, 1.15), pit + rng.uniform(0.5, 1.0)
    arm = (neck + strap * 1.2, pit * 0.7)
    outline = symmetric(line((neck, 0), (neck + strap, 0), arm, (side, pit), hem))
    return [outline, arc((0, 0), (neck, pit * rng.uniform(0.5, 1.0)), 0, 180)]


def pullover(rng: Generator) -> Drawing:
    """Long sleeves without a front opening, often with cuffs; some hang along the body."""
    drawing, half = _top(rng, rng.uniform(20, 85), rng.uniform(0.6, 1.35), "oovfrtt", 0.25)
    if often(rng, 0.15):
        for y in np.linspace(0.45, half[5, 1] - 0.15, int(rng.integers(1, 4))):
            drawing.append(line((-half[4, 0], y), (half[4, 0], y)))
    return drawing


def coat(rng: Generator) -> Drawing:
    """A front that opens: a line or two from neck to hem, buttons, lapels, a hood, pockets."""
    if often(rng, 0.18):
        drawing, neck, bottom = _hanging_sleeves(rng)
    else:
        sleeve = rng.uniform(0.55, 1.35) if often(rng, 0.7) else rng.uniform(0.25, 0.6)
        if often(rng, 0.05):
            sleeve = 0.03
        drawing, half = _top(rng, rng.uniform(10, 85), sleeve, "ovfrnnhv", 0.15)
        neck, bottom = half[0, 0], half[5, 1]
    lapels = often(rng, 0.3)
    drawing += _front(rng, neck, bottom, 0.1 if lapels else 0.35)  # with both it is a shirt
    if lapels:
        low = rng.uniform(0.25, 0.5)
        drawing += both_sides(
            line((neck, 0), (neck * rng.uniform(1.0, 1.4), low * 0.6), (0.02, low))
        )
    if often(rng, 0.2):  # pockets
        y = bottom * rng.uniform(0.6, 0.75)
        drawing += both_sides(line((0.15, y), (0.32, y + rng.uniform(-0.1, 0.1))))
    return drawing


def _hanging_sleeves(rng: Generator) -> tuple[Drawing, float, float]:
    """A body with sleeves as strips beside it; half its neck's width, and its height."""
    height, body, arm = rng.uniform(1.0, 1.6), rng.uniform(0.35, 0.5), rng.uniform(0.18, 0.3)
    end = height * rng.uniform(0.6, 1.0)
    drop, neck = rng.uniform(0.0, 0.15), rng.uniform(0.1, 0.25)
    out = body + arm * rng.uniform(1.0, 1.3)
    outline = symmetric(line((neck, 0), (body, drop), (body, height)))
    sleeve = line((body, drop), (out, drop * 1.5), (out, end), (body + 0.03, end))
    return [outline, *both_sides(sleeve), *_neck(rng, neck, "ovfn")], neck, height


def _front(rng: Generator, neck: float, bottom: float, buttons: float) -> Drawing:
    """The opening of a coat from the neck down, with probability `buttons` with buttons."""
    top = rng.uniform(0.0, 0.2)
    style = rng.choice(4, p=[0.4, 0.25, 0.2, 0.15])
    drawing: Drawing = []
    if style == 0:
        drawing = [line((0, top), (rng.uniform(-0.05, 0.05), bottom))]
    elif style == 1:
        gap = rng.uniform(0.04, 0.12)
        drawing = [line((-gap, top), (-gap, bottom)), line((gap, top), (gap, bottom))]
    elif style == 2:  # worn open
        gap = rng.uniform(0.1, 0.25)
        drawing = both_sides(line((neck * rng.uniform(0.3, 1), top * 0.5), (gap, bottom)))
    if style == 3 or often(rng, buttons):
        x, radius = rng.uniform(-0.12, 0.12), rng.uniform(0.005, 0.05)
        for y in np.linspace(top + 0.15, bottom - 0.12, int(rng.integers(3, 6))):
            drawing.append(circle((x, y), radius))
    return drawing


def dress(rng: Generator) -> Drawing:
    """A narrow waist over a skirt that widens, with straps or short sleeves."""
    shoulder, waist = rng.uniform(0.2, 0.4), rng.uniform(0.15, 0.3)
    hem, high = rng.uniform(0.35, 0.9), rng.uniform(0.45, 0.75)
    height = high + rng.uniform(0.7, 1.5)
    neck = shoulder * rng.uniform(0.4, 0.8)
    points = [(neck, 0.0), (shoulder, 0.03)]
    if often(rng, 0.25):
        points += [(shoulder + 0.2, 0.25), (shoulder + 0.08, 0.35), (shoulder - 0.03, 0.25)]
    outline = symmetric(line(*points, (waist, high), (hem, height)))
    drawing = [outline, *_neck(rng, neck, "oovfn")]
    if often(rng, 0.4):
        drawing.append(line((-waist, high), (waist, high)))
    return drawing


def shirt(rng: Generator) -> Drawing:
    """A collar of two points, a row of buttons on a placket, cuffs."""
    sleeve = rng.uniform(0.6, 1.3) if often(rng, 0.7) else rng.uniform(0.25, 0.5)
    drawing, half = _top(rng, rng.uniform(15, 85), sleeve, "ffno", 0.25)
    neck, bottom = half[0, 0], half[5, 1]
    meet, tip = rng.uniform(0.08, 0.22), rng.uniform(0.12, 0.32)
    points = [(neck, 0), (neck * rng.uniform(0.4, 1.2), tip), (0.0, meet)]
    if often(rng, 0.6):
        points += [(neck * 0.5, rng.uniform(-0.12, 0.05)), (neck, 0)]
    drawing += both_sides(line(*points))
    drawing += [
        line((x, meet), (x, bottom)) for x in ([], [0.0], [0.0], [-0.06, 0.06])[rng.integers(4)]
    ]
    across, radius = rng.uniform(-0.03, 0.1), rng.uniform(0.008, 0.05)
    for y in np.linspace(meet + 0.12, bottom - 0.1, int(rng.integers(3, 7))):
        drawing.append(circle((across, y), radius))
    if often(rng, 0.4):
        x, y = rng.uniform(0.1, 0.2), rng.uniform(0.3, 0.5)
        drawing.append(closed(line((x, y), (x + 0.2, y), (x + 0.2, y + 0.22), (x, y + 0.22))))
    return drawing


def trouser(rng: Generator) -> Drawing:
    """From pipes to flares and shorts: legs a gap, an arch or a single line apart."""
    if often(rng, 0.12):
        return _two_pipes(rng)
    waist = rng.uniform(0.22, 0.6)
    hip = waist * rng.uniform(0.95, 1.25)
    hem = hip + rng.uniform(-0.1, 0.35)
    crotch = rng.uniform(0.15, 0.62)
    gap = hem * rng.uniform(0.0, 0.65)
    bottom = 1.0 + rng.uniform(-0.06, 0.06)
    arch = gap * rng.choice([0.0, 0.0, rng.uniform(0.2, 1.0)])
    outer = line((waist, 0), (hip, 0.25), (hem, 1.0))
    half = np.concatenate([outer, line((gap, bottom), (arch, crotch))])
    if often(rng, 0.5):
        half = np.delete(half, 1, axis=0)
    if gap < 0.05 and often(rng, 0.7):  # legs that touch
        return [closed(symmetric(outer)), line((0, crotch), (0, 1.0))]
    drawing = [closed(symmetric(half))]
    if often(rng, 0.25):
        y = rng.uniform(0.06, 0.15)
        drawing.append(line((-waist, y), (waist, y)))
    if often(rng, 0.15):
        drawing.append(line((0, 0), (rng.uniform(-0.05, 0.05), crotch * 0.8)))
    if often(rng, 0.12):  # pockets
        drawing += both_sides(line((waist * 0.5, 0.02), (hip * 0.6, 0.2), (hip * 0.95, 0.22)))
    return drawing


def _two_pipes(rng: Generator) -> Drawing:
    """Each leg a strip of its own below a common waist."""
    waist, crotch = rng.uniform(0.25, 0.5), rng.uniform(0.0, 0.35)
    hem, gap = waist * rng.uniform(0.9, 1.5), rng.uniform(0.0, 0.12)
    leg = line((waist, 0), (hem, 1.0), (gap + hem * 0.2, 1.0), (gap * 0.5, crotch))
    return [*both_sides(leg), line((-waist, 0), (waist, 0))]
