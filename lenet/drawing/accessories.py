"""Shoes and bags as lines: see `lenet.drawing.garments`."""

import math

import numpy as np
from numpy.random import Generator

from lenet.drawing.strokes import Drawing, Stroke, arc, circle, closed, line, mirrored, often


def sandal(rng: Generator) -> Drawing:
    """Flip-flops seen from above, one or a pair; sometimes a strapped sandal from the side."""
    if often(rng, 0.15):
        return _side_sandal(rng)
    one = _flip_flop(rng)
    if often(rng, 0.45):
        return one
    other = _flip_flop(rng) if often(rng, 0.4) else one
    return _pair(one, other, (rng.uniform(0.6, 1.1), 0), rng)


def _pair(one: Drawing, other: Drawing, apart: tuple[float, float], rng: Generator) -> Drawing:
    """The other shoe beside the first, often its mirror image, a little turned and moved."""
    sign = np.array([-1.0 if often(rng, 0.6) else 1.0, 1.0])
    care = 0.3 if often(rng, 0.5) else 1.0
    tilt, slip = math.radians(care * rng.uniform(-20, 20)), care * rng.uniform(-0.25, 0.25, 2)
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    return one + [(stroke * sign) @ turn + apart + slip for stroke in other]


def shoes_from_above(label: int, rng: Generator) -> Drawing:
    """One shoe or, mostly, a pair of class `label` as one looks down on them; outlines first."""
    if label == 5:
        one = _flip_flop(rng)
    elif often(rng, 0.6 if label == 9 else 0.15):  # lying on their sides, or standing in a row
        one = _shoe(rng, rng.uniform(1.1, 2.4) if label == 9 else rng.uniform(0.45, 1.0))
    else:
        one = _from_above(rng)
    width, height = np.ptp(np.concatenate(one), axis=0)
    beside = rng.uniform(0.85, 1.25)
    apart = (width * beside, 0.0) if width < 1.3 else (0.0, height * beside)
    return one if often(rng, 0.12) else _pair(one, one, apart, rng)


def _from_above(rng: Generator) -> Drawing:
    """A closed shoe, its toes up: round or pointed, with an opening, laces and a toe cap."""
    width, heel = rng.uniform(0.3, 0.48), rng.uniform(0.65, 0.95)
    point = rng.uniform(0.7, 1.3)
    angles = np.radians(np.linspace(-90, 270, 33))
    x, y = np.cos(angles), np.sin(angles)
    x = np.sign(x) * np.abs(x) ** point * np.where(y > 0, 1 - (1 - heel) * y, 1) * width
    x -= rng.uniform(-0.1, 0.1) * y**2  # the inner side is straighter
    low, high = rng.uniform(-0.15, 0.3), rng.uniform(0.75, 0.93)
    middle, reach = (low + high) / 2, (high - low) / 2
    opening = arc((0, middle), (width * rng.uniform(0.5, 0.8), reach), 0, 360)
    drawing: Drawing = [np.stack([x, y], axis=1), opening]
    if often(rng, 0.6):
        wide = width * rng.uniform(0.3, 0.6)
        for level in np.linspace(low - rng.uniform(0.2, 0.5), low, int(rng.integers(2, 6))):
            drawing.append(line((-wide, level), (wide, level + rng.uniform(-0.06, 0.06))))
    if often(rng, 0.4):
        drawing.append(arc((0, rng.uniform(-0.65, -0.4)), (width * 0.9, 0.12), 180, 360))
    return drawing


def _flip_flop(rng: Generator) -> Drawing:
    """A sole about 0.7 wide and as long as it likes, its toes up, and a strap like a V or Y."""
    width, length = rng.uniform(0.26, 0.42), rng.uniform(0.55, 0.95)
    waist = rng.uniform(0.6, 1.05)
    angles = np.radians(np.linspace(-90, 270, 25))
    x, y = np.cos(angles) * width, np.sin(angles) * length
    x = np.where(y > -0.2 * length, x * (waist + (1 - waist) * np.abs(y) / length), x)
    drawing: Drawing = [np.stack([x + rng.uniform(-0.08, 0.08) * y, y], axis=1)]
    if often(rng, 0.1):
        return drawing
    toe = -length * rng.uniform(0.3, 0.85)
    side = toe + length * rng.uniform(0.3, 0.9)
    reach = width * rng.uniform(0.7, 1.25)
    if often(rng, 0.15):  # a broad band instead
        for level in (toe, toe + rng.uniform(0.15, 0.4)):
            drawing.append(arc((0, level + 0.1), (width * 0.95, 0.12), 180, 360))
        return drawing
    if often(rng, 0.2):  # upside down
        toe, side = -toe, -side
    fork = toe + (side - toe) * (rng.uniform(0.2, 0.5) if often(rng, 0.3) else 0.0)
    bow = 0.5 * (fork + side) + rng.uniform(-0.15, 0.05)
    half = line((0, fork), (reach * 0.65, bow), (reach, side))
    drawing.append(np.concatenate([mirrored(half), half[1:]]))
    if fork != toe:
        drawing.append(line((0, fork), (0, toe)))
    return drawing


def _side_sandal(rng: Generator) -> Drawing:
    """A flat or wedged sole with straps over it, seen from the side."""
    thick, heel = rng.uniform(0.06, 0.15), rng.choice([0.0, rng.uniform(0.1, 0.6)])
    top = ((-1, 0), (0, 0), (0.9, -heel))
    drawing = [closed(line(*top, (0.95, thick - heel * 0.2), (0.4, thick), (-1, thick)))]
    for start in rng.uniform(-0.9, 0.5, int(rng.integers(1, 4))):
        wide, height = rng.uniform(0.2, 0.45), rng.uniform(0.2, 0.5)
        drawing.append(arc((start + wide * 0.5, -heel * 0.4), (wide * 0.5, height), 180, 360))
    return drawing


def sneaker(rng: Generator) -> Drawing:
    """A low shoe from the side, often open above, with a sole line and laces."""
    return _shoe(rng, rng.uniform(0.45, 1.05))


def ankle_boot(rng: Generator) -> Drawing:
    """A shoe with a shaft, sometimes on a heel."""
    return _shoe(rng, rng.uniform(1.1, 2.0))


def _shoe(rng: Generator, height: float) -> Drawing:
    """Heel on the left at x = 0, toe on the right, ground at y = 0, opening at y = −height."""
    length, toe = rng.uniform(1.3, 2.2), rng.uniform(0.25, 0.65)
    opening = rng.uniform(0.4, 0.75)
    throat = opening + rng.uniform(0.0, 0.35), -min(height * 0.95, toe + rng.uniform(-0.05, 0.25))
    lean, lift = rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12)
    back = line((lean, -height), (-0.03, -height * 0.5), (0, 0))
    ground = line((length * 0.5, rng.uniform(-0.05, 0.05)), (length * 0.93, 0))
    if often(rng, 0.12 if height < 1 else 0.25):
        heel = rng.uniform(0.1, 0.5)
        ground = np.concatenate([line((heel * 0.4, 0), (0.35, -heel)), ground])
    tip = line((length, -toe * 0.5), (length * rng.uniform(0.85, 0.95), -toe))
    upper = line(throat, (opening, -height + lift))
    outline = np.concatenate([back, ground, tip, upper])
    drawing = [outline]
    style = rng.choice(4, p=[0.35, 0.35, 0.15, 0.15])
    if style == 1:
        drawing = [closed(outline)]
    elif style == 2:  # one sees into it
        middle = ((lean + opening) / 2, -height + lift / 2)
        drawing.append(arc(middle, ((opening - lean) / 2, rng.uniform(0.05, 0.15)), 0, 360))
    elif style == 3:  # the collar dips
        middle = ((lean + opening) / 2, -height + rng.uniform(0.05, 0.2))
        drawing = [closed(np.concatenate([outline, line(middle)]))]
    return drawing + _shoe_details(rng, length, line(throat, (length * 0.9, -toe)))


def _shoe_details(rng: Generator, length: float, instep: Stroke) -> Drawing:
    """A sole, laces along the instep, a stripe; each only sometimes."""
    drawing: Drawing = []
    if often(rng, 0.4):
        sole = -rng.uniform(0.08, 0.2)
        drawing.append(line((0, sole), (length, sole)))
    if often(rng, 0.35):
        for share in np.linspace(0.1, 0.6, int(rng.integers(2, 5))):
            x, y = instep[0] + share * (instep[1] - instep[0])
            drawing.append(line((x - 0.08, y - 0.04), (x - 0.03, y + rng.uniform(0.1, 0.2))))
    if often(rng, 0.12):
        drawing.append(line((0.3, -0.3), (0.5, -0.18), (1.0, -0.35)))
    return drawing


def bag(rng: Generator) -> Drawing:
    """A box, trapezoid, half moon or pouch with one or two handles, often a flap or a clasp.

    Sometimes a backpack or an envelope.
    """
    if often(rng, 0.2):
        return _backpack(rng) if often(rng, 0.6) else _envelope(rng)
    width, height = rng.uniform(0.4, 0.75), rng.uniform(0.4, 1.1)
    flare = width * rng.uniform(0.75, 1.3)
    style = rng.choice(4, p=[0.55, 0.15, 0.15, 0.15])
    if style == 1:  # rounded below
        bow = arc((0, 0), (width, height), 180, 0)
        body = closed(np.concatenate([line((-width, 0)), bow]))
    elif style == 2:
        body = arc((0, height / 2), (width, height / 2), -90, 270)
    else:
        body = closed(line((-width, 0), (width, 0), (flare, height), (-flare, height)))
    drawing = [body]
    if often(rng, 0.92):
        drawing += _handles(rng, width)
    if often(rng, 0.25):  # a flap
        depth = height * rng.uniform(0.25, 0.6)
        drop = rng.choice([0.0, depth * 0.5])
        drawing.append(line((-width, depth - drop), (0, depth), (width, depth - drop)))
    if often(rng, 0.2):
        clasp = rng.uniform(-0.1, 0.1), height * rng.uniform(0.2, 0.6)
        drawing.append(circle(clasp, rng.uniform(0.02, 0.1)))
    return drawing


def _backpack(rng: Generator) -> Drawing:
    """Round above, a pocket in front, a loop to hang it by, often straps at its sides."""
    width, height = rng.uniform(0.4, 0.6), rng.uniform(0.9, 1.4)
    top, low = rng.uniform(0.15, 0.5), rng.uniform(0.5, 0.7) * height
    drawing = [
        closed(
            np.concatenate(
                [
                    line((-width, height)),
                    arc((0, top), (width, top), 180, 360),
                    line((width, height)),
                ]
            )
        )
    ]
    inner = width * rng.uniform(0.5, 0.85)
    drawing.append(
        closed(line((-inner, low), (inner, low), (inner, height * 0.93), (-inner, height * 0.93)))
    )
    if often(rng, 0.8):
        drawing.append(
            arc((0, 0.02), (width * rng.uniform(0.2, 0.5), rng.uniform(0.1, 0.3)), 180, 360)
        )
    if often(rng, 0.4):
        drawing.append(line((-width, low * 0.8), (width, low * 0.8)))
    if often(rng, 0.5):
        strap = arc((width, height * 0.6), (rng.uniform(0.1, 0.25), height * 0.3), -90, 90)
        drawing += [strap, mirrored(strap)]
    return drawing


def _envelope(rng: Generator) -> Drawing:
    """A wide clutch without handles, its flap a triangle."""
    width, height = rng.uniform(0.6, 0.9), rng.uniform(0.6, 1.1)
    body = closed(line((-width, 0), (width, 0), (width, height), (-width, height)))
    depth = height * rng.uniform(0.35, 0.75)
    flap = line((-width, 0), (rng.uniform(-0.1, 0.1), depth), (width, 0))
    return [body, flap] + ([circle((0, depth), rng.uniform(0.03, 0.08))] if often(rng, 0.4) else [])


def _handles(rng: Generator, width: float) -> Drawing:
    """One arch or two above y = 0, pointed, round or square, some reaching into the bag."""
    reach, rise = width * rng.uniform(0.35, 1.05), rng.uniform(0.25, 1.2)
    foot = rng.choice([0.0, rng.uniform(0.0, 0.2)])
    style = rng.choice(3, p=[0.65, 0.2, 0.15])
    if style == 0:
        arch = arc((0, 0), (reach, rise), 180, 360)
    elif style == 1:
        top = reach * rng.uniform(0.6, 1.0)
        arch = line((-reach, 0), (-top, -rise), (top, -rise), (reach, 0))
    else:
        arch = line((-reach, 0), (rng.uniform(-0.2, 0.2) * reach, -rise), (reach, 0))
    if foot:
        down = np.array([0.0, foot])
        arch = np.concatenate([arch[:1] + down, arch, arch[-1:] + down])
    if often(rng, 0.7):
        return [arch]
    if often(rng, 0.6):
        return [arch, arch * rng.uniform(0.65, 0.85)]
    return [arch, arch + np.array([rng.uniform(0.05, 0.2), rng.uniform(-0.1, 0.0)])]
