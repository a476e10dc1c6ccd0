"""What can keep a measurement from being made."""

from typing import ClassVar

from matcher.errors import ClearglassError


class UnknownBenchmarkError(ClearglassError):
    """There is no benchmark of that name."""

    code: ClassVar[str] = "benchmark_unknown"


class DataMissingError(ClearglassError):
    """A public data set is not where CLEARGLASS_DATA says."""

    code: ClassVar[str] = "data_missing"


class MeasurementError(ClearglassError):
    """A measurement could not be brought to its end."""

    code: ClassVar[str] = "measurement_failed"


class RecordError(ClearglassError):
    """A file that should be a benchmark's record is none."""

    code: ClassVar[str] = "record_invalid"
