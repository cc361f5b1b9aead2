"""The errors a person may cause or meet; a message is one sentence: what is wrong, what to do next.

The command line prints it and exits with `exit_code`; the pages show it.
"""


class LabError(Exception):
    """Base of every error that is meant for a person to read."""

    exit_code = 1


class ConfigError(LabError):
    """A configuration that cannot be built or used: the arguments are at fault."""

    exit_code = 2


class GeometryError(ConfigError):
    """Layer sizes that do not fit into each other; the message holds the trace."""


class DatasetError(LabError):
    """A dataset that is missing, damaged or cannot be fetched."""


class CheckpointError(LabError):
    """A checkpoint file that is missing, foreign, damaged or does not match."""


class ImageError(LabError):
    """A picture that cannot be read or used."""


class RunError(LabError):
    """A run that cannot be started, read or controlled."""


class StudyError(LabError):
    """A study that cannot be conducted or read."""


class NewerFileError(CheckpointError, RunError, StudyError):
    """A file that a newer version of the lab has written: sound, but not for this one to read."""


class StorageError(LabError):
    """A file that could not be written, a full disk above all."""


class ExportError(LabError):
    """An export that cannot be made on this machine."""


class TrainingError(LabError):
    """A training that cannot go on."""
