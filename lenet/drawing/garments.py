"""Clothes as lines: how a person would outline those of Fashion-MNIST's classes.

The shapes are of random proportions and made up here; nothing in them is traced from
anybody's drawing. Half a body is about 0.5 wide. `lenet.drawing.synthetic` draws them with an
unsteady pen.
"""

import math

import numpy as np
from numpy.random import Generator

from lenet.drawing.strokes import Drawing, Stroke, arc, line, mirrored, often


def _half_top(rng: Generator, sleeve: float, angle: float) -> tuple[Stroke, Stroke]:
    """Right half of a top from neck to hem, half a body 0.5 wide; and its cuff from out to in."""
    height = rng.uniform(0.9, 1.7)
    neck = rng.uniform(0.12, 0.3)
    shoulder = np.array([rng.uniform(0.4, 0.55), rng.uniform(0.0, 0.18)])
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    width = rng.uniform(0.22, 0.5)
    outer = shoulder + sleeve * along
    inner = outer + width * rng.uniform(0.6, 1.1) * across
    pit = np.array([rng.uniform(0.32, 0.5), shoulder[1] + width + rng.uniform(0.0, 0.2)])
    inner[0] = max(inner[0], pit[0] + 0.04)
    hem = np.array([pit[0] * rng.uniform(0.85, 1.25), max(height, pit[1] + 0.35)])
    half = np.stack([np.array([neck, 0.0]), shoulder, outer, inner, pit, hem])
    return half, half[2:4]


def _neck(rng: Generator, half: float, styles: str) -> Drawing:
    """A neckline between −half and half at y = 0, in one of the styles, a letter each.

    v: V, f: flat, r: ring, t: turtleneck, h: hood, n: none, o: round.
    """
    depth = rng.uniform(0.08, 0.25)
    top = -rng.uniform(0.1, 0.25)
    hood = half * rng.uniform(1, 1.6)
    scoop = arc((0, 0), (half, depth), 0, 180)
    shapes: dict[str, Drawing] = {
        "v": [line((-half, 0), (0, depth * 1.4), (half, 0))],
        "f": [line((-half, 0), (half, 0))],
        "r": [scoop, arc((0, 0), (half, depth * 0.5), 180, 360)],
        "t": [line((-half, 0), (-half, top), (half, top), (half, 0))],
        "h": [arc((0, -half), (half * 1.1, hood), 120, 420)],
        "n": [],
        "o": [scoop],
    }
    return shapes[rng.choice(list(styles))]


def _top(
    rng: Generator, sleeve: float, angle: float, necks: str, cuffs: float
) -> tuple[Drawing, Stroke]:
    """A top with sleeves `sleeve` long that fall by `angle`; and its right half."""
    half, cuff = _half_top(rng, sleeve, angle)
    drawing = [np.concatenate([half, mirrored(half)]), *_neck(rng, half[0, 0], necks)]
    if often(rng, cuffs):
        back = (half[1] - half[2]) * rng.uniform(0.1, 0.25)
        drawing += [cuff + back, mirrored(cuff + back)]
    if often(rng, cuffs):
        hem, up = half[5], np.array([0.0, rng.uniform(0.08, 0.15)])
        drawing.append(np.stack([hem - up, hem * (-1, 1) - up]))
    return drawing, half


def t_shirt(rng: Generator) -> Drawing:
    """Short sleeves, round, V or flat neck, sometimes a pocket or a print."""
    angle = math.radians(rng.uniform(0, 65))
    drawing, _ = _top(rng, rng.triangular(0.2, 0.4, 0.8), angle, "ooovfrn", 0.08)
    if often(rng, 0.08):
        x, y = rng.uniform(-0.2, 0.1), rng.uniform(0.4, 0.6)
        drawing.append(line((x, y), (x + 0.15, y), (x + 0.15, y + 0.2), (x, y + 0.2), (x, y)))
    return drawing


def pullover(rng: Generator) -> Drawing:
    """Long sleeves without a front opening, often with cuffs; some hang along the body."""
    angle = math.radians(rng.uniform(20, 85))
    drawing, half = _top(rng, rng.uniform(0.6, 1.35), angle, "oovfrtt", 0.25)
    if often(rng, 0.15):
        for y in np.linspace(0.45, half[5, 1] - 0.15, int(rng.integers(1, 4))):
            drawing.append(line((-half[4, 0], y), (half[4, 0], y)))
    return drawing


def coat(rng: Generator) -> Drawing:
    """A front that opens: a line or two from neck to hem, buttons, lapels, a hood, pockets."""
    if often(rng, 0.12):
        drawing, half = _hanging_sleeves(rng)
    else:
        sleeve = rng.uniform(0.55, 1.35) if often(rng, 0.7) else rng.uniform(0.25, 0.6)
        if often(rng, 0.05):
            sleeve = 0.03
        angle = math.radians(rng.uniform(10, 85))
        drawing, half = _top(rng, sleeve, angle, "ovfrnnhv", 0.15)
    bottom = half[5, 1]
    drawing += _front(rng, half[0, 0], bottom)
    if often(rng, 0.25):
        drawing += _lapels(rng, half[0, 0])
    if often(rng, 0.2):
        y = bottom * rng.uniform(0.6, 0.75)
        slant = rng.uniform(-0.1, 0.1)
        pocket = line((0.15, y), (0.32, y + slant))
        drawing += [pocket, mirrored(pocket)]
    return drawing


def _hanging_sleeves(rng: Generator) -> tuple[Drawing, Stroke]:
    """A body with sleeves as strips beside it; and a right half in the order of `_half_top`."""
    height, body, arm = rng.uniform(1.0, 1.6), rng.uniform(0.35, 0.5), rng.uniform(0.18, 0.3)
    end = height * rng.uniform(0.6, 1.0)
    drop, neck = rng.uniform(0.0, 0.15), rng.uniform(0.1, 0.25)
    side = np.array([[neck, 0], [body, drop], [body, height]])
    out = body + arm * rng.uniform(1.0, 1.3)
    sleeve = np.array([[body, drop], [out, drop * 1.5], [out, end], [body + 0.03, end]])
    pit = np.array([body, drop + arm])
    half = np.stack([side[0], sleeve[0], sleeve[2], sleeve[3], pit, side[2]])
    outline = np.concatenate([side, mirrored(side)])
    return [outline, sleeve, mirrored(sleeve), *_neck(rng, neck, "ovfn")], half


def _front(rng: Generator, neck: float, bottom: float) -> Drawing:
    """The opening of a coat from the neck down, with or without buttons."""
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
        edge = line((neck * rng.uniform(0.3, 1), top * 0.5), (gap, bottom))
        drawing = [edge, mirrored(edge)]
    if style == 3 or often(rng, 0.35):
        x = rng.uniform(-0.12, 0.12)
        size = rng.uniform(0.005, 0.05)
        for y in np.linspace(top + 0.15, bottom - 0.12, int(rng.integers(3, 6))):
            drawing.append(arc((x, y), (size, size), 0, 360))
    return drawing


def _lapels(rng: Generator, neck: float) -> Drawing:
    low = rng.uniform(0.25, 0.5)
    lapel = line((neck, 0), (neck * rng.uniform(1.0, 1.4), low * 0.6), (0.02, low))
    return [lapel, mirrored(lapel)]


def dress(rng: Generator) -> Drawing:
    """A narrow waist over a skirt that widens, with straps or short sleeves."""
    shoulder, waist = rng.uniform(0.2, 0.4), rng.uniform(0.15, 0.3)
    hem, high = rng.uniform(0.35, 0.9), rng.uniform(0.45, 0.75)
    height = high + rng.uniform(0.7, 1.5)
    neck = shoulder * rng.uniform(0.4, 0.8)
    points = [(neck, 0.0), (shoulder, 0.03)]
    if often(rng, 0.25):
        points += [(shoulder + 0.2, 0.25), (shoulder + 0.08, 0.35), (shoulder - 0.03, 0.25)]
    points += [(waist, high), (hem, height)]
    half = np.array(points)
    drawing = [np.concatenate([half, mirrored(half)]), *_neck(rng, neck, "oovfn")]
    if often(rng, 0.4):
        drawing.append(line((-waist, high), (waist, high)))
    return drawing


def shirt(rng: Generator) -> Drawing:
    """A collar of two points, a row of buttons on a placket, cuffs."""
    sleeve = rng.uniform(0.7, 1.2) if often(rng, 0.7) else rng.uniform(0.3, 0.5)
    drawing, half = _top(rng, sleeve, math.radians(rng.uniform(40, 85)), "fn", 0.3)
    neck, bottom = half[0, 0], half[5, 1]
    point = line((neck, 0), (neck * 0.8, 0.2), (0.0, 0.12), (neck * 0.5, -0.06), (neck, 0))
    drawing += [point, mirrored(point), line((0, 0.12), (0, bottom))]
    for y in np.linspace(0.25, bottom - 0.12, int(rng.integers(4, 7))):
        drawing.append(arc((0.05, y), (0.02, 0.02), 0, 360))
    if often(rng, 0.5):
        drawing.append(line((0.12, 0.4), (0.3, 0.4), (0.3, 0.6), (0.12, 0.6), (0.12, 0.4)))
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
    bottom = np.array([gap, 1.0 + rng.uniform(-0.06, 0.06)])
    arch = gap * rng.choice([0.0, 0.0, rng.uniform(0.2, 1.0)])
    half = np.array([[waist, 0], [hip, 0.25], [hem, 1.0], bottom, [arch, crotch]])
    if often(rng, 0.5):
        half = np.delete(half, 1, axis=0)
    outline = np.concatenate([half, mirrored(half), half[:1]])
    if gap < 0.05 and often(rng, 0.7):  # legs that touch
        outer = np.array([[waist, 0], [hip, 0.25], [hem, 1.0]])
        outline = np.concatenate([outer, mirrored(outer), outer[:1]])
        return [outline, line((0, crotch), (0, 1.0))]
    drawing = [outline]
    if often(rng, 0.25):
        y = rng.uniform(0.06, 0.15)
        drawing.append(line((-waist, y), (waist, y)))
    if often(rng, 0.15):
        drawing.append(line((0, 0), (rng.uniform(-0.05, 0.05), crotch * 0.8)))
    if often(rng, 0.12):
        pocket = line((waist * 0.5, 0.02), (hip * 0.6, 0.2), (hip * 0.95, 0.22))
        drawing += [pocket, mirrored(pocket)]
    return drawing


def _two_pipes(rng: Generator) -> Drawing:
    """Each leg a strip of its own below a common waist."""
    waist, crotch = rng.uniform(0.25, 0.5), rng.uniform(0.0, 0.35)
    hem, gap = waist * rng.uniform(0.9, 1.5), rng.uniform(0.0, 0.12)
    leg = np.array([[waist, 0], [hem, 1.0], [gap + hem * 0.2, 1.0], [gap * 0.5, crotch]])
    return [leg, mirrored(leg), line((-waist, 0), (waist, 0))]
