"""Which Clearglass this is."""

from importlib.metadata import PackageNotFoundError, version


def app_version() -> str:
    """The installed version of this application."""
    try:
        return version("clearglass")
    except PackageNotFoundError:
        return "0"
