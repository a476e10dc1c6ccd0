"""What can be wrong with a folder."""

from typing import ClassVar

from matcher.errors import ClearglassError


class FolderError(ClearglassError):
    """A folder cannot be used as it is."""

    code: ClassVar[str] = "folder"


class DataFolderError(FolderError):
    """The data folder cannot be used at all."""

    code: ClassVar[str] = "data_folder_unusable"


class FolderOpenError(FolderError):
    """The data folder, or a secret in it, is open to others on this machine."""

    code: ClassVar[str] = "data_folder_open"


class DataFolderInUseError(FolderError):
    """Another process has the data folder."""

    code: ClassVar[str] = "data_folder_in_use"
