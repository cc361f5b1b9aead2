"""Ten shirts with collar and buttons as hands draw them with a mouse, to measure by.

Written down stroke by stroke before the weights that are measured with them were trained; none
was made by `lenet.drawing.synthetic`, and nothing is trained on them.
"""

from lenet.drawing.examples import Example, _strokes


def _dots(x: float, *ys: float) -> tuple[str, ...]:
    """Buttons as short strokes, none quite below the other."""
    return tuple(f"{x + (y % 3) / 3 - 0.4},{y} {x + 0.6},{y + 0.7}" for y in ys)


def _rings(x: float, *ys: float) -> tuple[str, ...]:
    """Buttons as small round strokes."""
    return tuple(
        f"{x},{y - 1.6} {x + 1.6},{y} {x + 0.2},{y + 1.7} {x - 1.5},{y + 0.3} {x},{y - 1.4}"
        for y in ys
    )


SHIRTS: tuple[Example, ...] = (
    _strokes(  # long sleeves that hang a little away from the body, one line for the front
        "38,14 25,20 14,50 8,74 18,78 27,50 28,88 72,87 72,49 82,77 92,73 85,48 75,19 62,14",
        "38,14 42,28 50,20 58,28 62,14",
        "38,14 50,20 62,14",
        "50,20 50,88",
        *_rings(53, 34, 45, 56, 67, 78),
    ),
    _strokes(  # short sleeves, a placket of two lines
        "37,17 22,21 8,38 18,49 29,41 29,90 71,90 71,41 82,48 92,37 78,21 63,17",
        "37,17 34,27 44,31 50,22",
        "63,17 66,27 56,31 50,22",
        "37,17 44,14 56,14 63,17",
        "47,30 47,90",
        "53,30 53,90",
        *_dots(50, 36, 47, 58, 69, 80),
    ),
    _strokes(  # arms spread wide, buttons without a line
        "40,22 31,25 5,48 11,58 34,46 33,84 67,84 66,46 90,57 95,47 69,25 60,22",
        "40,22 41,33 50,26 59,33 60,22 50,19 40,22",
        *_rings(50, 38, 48, 58, 68, 77),
    ),
    _strokes(  # body and sleeves one after the other, a pocket
        "36,18 30,20 30,88 70,88 70,20 64,18",
        "30,20 20,26 12,72 22,75 30,44",
        "70,20 80,26 89,72 78,75 70,44",
        "36,18 40,30 50,23 60,30 64,18",
        "36,18 50,23 64,18",
        "50,23 50,88",
        *_dots(52, 36, 50, 64, 78),
        "56,42 66,42 66,54 61,57 56,54 56,42",
    ),
    _strokes(  # boxy and short-sleeved, a wide open collar
        "34,16 18,20 4,42 18,52 25,45 25,84 75,84 75,45 82,52 96,42 82,20 66,16",
        "34,16 28,25 40,36 50,30",
        "66,16 72,25 60,36 50,30",
        "34,16 42,12 58,12 66,16",
        "50,30 50,84",
        *_rings(50, 44, 58, 72),
        "58,46 70,46 70,60 58,60 58,46",
    ),
    _strokes(  # sleeves straight down with cuffs
        "40,10 24,16 17,36 15,80 26,81 30,42 30,92 69,92 70,42 74,81 85,80 83,36 76,16 60,10",
        "15,73 26,74",
        "74,74 85,73",
        "40,10 38,20 48,24 50,16 52,24 62,20 60,10 50,16 40,10",
        "50,18 50,92",
        *_dots(50, 32, 43, 54, 65, 76, 86),
    ),
    _strokes(  # in a hurry: corners cut, lines that miss each other
        "39,15 27,19 17,44 11,69 20,73 30,49",
        "30,47 29,70 31,89 49,91 70,88 72,66 69,47",
        "70,48 79,74 89,69 84,43 73,18 61,14",
        "38,15 43,29 49,20 57,29 61,14",
        "49,22 51,55 50,90",
        *_rings(54, 37, 51, 66, 80),
    ),
    _strokes(  # narrow, with a hem that is round at the sides
        "42,8 31,13 24,40 20,66 28,69 34,45 33,84 38,91 50,94 62,91 67,84 66,45 72,69 80,66 "
        "76,40 69,13 58,8",
        "42,8 43,19 50,13 57,19 58,8",
        "42,8 46,5 54,5 58,8",
        "50,13 50,94",
        *_dots(51, 24, 36, 48, 60, 72, 84),
    ),
    _strokes(  # a collar on a stand, two pockets
        "38,18 24,23 10,62 21,67 30,48 29,90 71,90 70,48 79,67 90,62 76,23 62,18",
        "38,18 39,12 61,12 62,18",
        "39,12 35,24 46,27 50,18 54,27 65,24 61,12",
        "48,27 48,90",
        "53,27 53,90",
        *_dots(50.5, 38, 51, 64, 77),
        "33,42 44,42 44,55 33,55 33,42",
        "57,42 68,42 68,55 57,55 57,42",
    ),
    _strokes(  # lying with its arms out
        "41,20 33,22 4,30 5,42 34,40 33,82 67,82 66,40 95,42 96,30 67,22 59,20",
        "41,20 42,31 50,24 58,31 59,20",
        "41,20 50,24 59,20",
        "50,25 50,82",
        *_rings(46.5, 36, 47, 58, 70),
        "10,29 11,42",
        "90,29 89,42",
    ),
)
