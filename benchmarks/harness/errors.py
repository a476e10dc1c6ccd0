"""Errors of a measurement."""

from typing import ClassVar

from matcher.errors import ClearglassError


class UnknownBenchmarkError(ClearglassError):
    """There is no benchmark of that name."""

    code: ClassVar[str] = "benchmark_unknown"


class DataMissingError(ClearglassError):
    """A public data set is not in the folder of CLEARGLASS_DATA."""

    code: ClassVar[str] = "data_missing"


class MeasurementError(ClearglassError):
    """A measurement could not be brought to its end."""

    code: ClassVar[str] = "measurement_failed"


class RecordError(ClearglassError):
    """A file that should be a benchmark's record is none."""

    code: ClassVar[str] = "record_invalid"


class UnknownDatasetError(ClearglassError):
    """There is no data set of that name in the registry."""

    code: ClassVar[str] = "dataset_unknown"


class DatasetError(ClearglassError):
    """A file of a data set breaks its format."""

    code: ClassVar[str] = "dataset_invalid"
