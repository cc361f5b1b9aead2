"""What all pages share of their looks: colours, charts, badges."""

COLORS = ("#1f8a70", "#c9662b", "#5b6fb5", "#a34d7c", "#8a7a1f", "#7a7a7a")
"""One for each run of a comparison."""
VALIDATION = "#c9662b"
QUIET = "rgba(128, 128, 128, 0.25)"
FAINT = "#8a8a8a"
"""Of lines that are not data."""
CONFIG = {"displayModeBar": False}
"""Of `st.plotly_chart`: no toolbar over the chart."""
BADGES = {
    "starting": ("Starting", "blue", ":material/hourglass_top:"),
    "queued": ("Queued", "blue", ":material/hourglass_top:"),
    "running": ("Training", "green", ":material/play_arrow:"),
    "paused": ("Paused", "orange", ":material/pause:"),
    "finished": ("Finished", "gray", ":material/check:"),
    "stopped": ("Stopped", "orange", ":material/stop:"),
    "failed": ("Failed", "red", ":material/error:"),
    "crashed": ("Crashed", "red", ":material/error:"),
}
"""For each state of a run: its word, colour and icon."""

ALL = "All classes"
"""The choice of no class in particular."""
PICTURE_TYPES = ("png", "jpg", "jpeg", "webp", "bmp", "gif")
"""Endings of the pictures that can be uploaded."""
