"""How a command reaches the service: by the Unix socket of the one that runs on the data folder, else by one that is
started for the command alone. Either way it is the same API that answers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from api.cli.options import opened
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 10.0


class RefusedError(ClearglassError):
    """The service refused what a command asked for. form: its error, as the API describes it."""

    def __init__(self, form: dict[str, Any]) -> None:
        super().__init__(form["message"], remedy=form["remedy"])
        self.code = form["code"]  # type: ignore[misc]  # of this one answer
        self.form = form


class GoneError(ClearglassError):
    """The service ended before it had answered."""

    code = "service_gone"

    def __init__(self) -> None:
        super().__init__(
            "The service ended before it answered, so that it is not known whether it did what was asked.",
            remedy="Look whether it did, then try again.",
        )


class Client:
    """The API, for one command."""

    def __init__(self, http: "httpx.Client") -> None:
        self._http = http

    def get(self, path: str, **parameters: Any) -> Any:
        """What is read at this path; parameters that are None are left out."""
        return self.send("GET", path, params={name: one for name, one in parameters.items() if one is not None})

    def send(self, method: str, path: str, **content: Any) -> Any:
        """Sends a request and gives its answer: JSON, bytes of another kind, or None. content: as httpx takes it.

        Raises: RefusedError, GoneError.
        """
        import httpx

        try:
            answer = self._http.request(method, path, **content)
        except httpx.TransportError as error:
            raise GoneError from error
        json = "json" in answer.headers.get("content-type", "")
        if answer.is_success:
            return answer.json() if json else answer.content or None
        raise RefusedError(answer.json()["error"])


@contextmanager
def reached(folder: Path) -> Iterator[Client]:
    """The API of the service that runs on this folder; where none runs, of one that is opened on it meanwhile, with no
    camera started.

    Raises: DataFolderInUseError where another process holds the folder and answers nobody; ProcessorError.
    """
    import httpx

    from api.command_socket import served_path

    with ExitStack() as stack:
        path = stack.enter_context(served_path(folder))
        if path is None:
            path = stack.enter_context(_opened_path(folder))
        transport = httpx.HTTPTransport(uds=path)
        timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
        http = httpx.Client(transport=transport, base_url="http://localhost/api/v1", timeout=timeout)
        yield Client(stack.enter_context(http))


@contextmanager
def _opened_path(folder: Path) -> Iterator[str]:
    """A socket of this command's own: further commands must not begin what ends with this one."""
    from api.command_socket import NAME

    with opened(folder) as service, TemporaryDirectory(prefix="clearglass-") as own:
        from api.server import serving_commands

        service.supervisor.close()  # a camera that the command adds or changes is watched by the service, not by it
        with serving_commands(service, Path(own)):
            yield f"{own}/{NAME}"
