"""Connects a command to the API: by the Unix socket of the service that runs on the data folder, else by a service that
is started for the command alone. Both serve the same API."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

from api.cli.options import opened
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 10.0


class RefusedError(ClearglassError):
    """The service refused a command's request. form: its error, in the API's form."""

    code: ClassVar[str] = "refused"

    def __init__(self, form: dict[str, Any]) -> None:
        super().__init__(form["message"], remedy=form["remedy"])
        self.code = form["code"]  # type: ignore[misc]  # of this one answer
        self.form = form


class GoneError(ClearglassError):
    """The service ended before it answered."""

    code: ClassVar[str] = "service_gone"

    def __init__(self) -> None:
        super().__init__(
            "The service ended before it answered, so it is unknown if the command was carried out.",
            remedy="Check its effect, then try again.",
        )


class Client:
    """The API, for one command."""

    def __init__(self, http: "httpx.Client") -> None:
        self._http = http

    def get(self, path: str, **parameters: Any) -> Any:
        """Reads this path; parameters that are None are left out."""
        return self.send("GET", path, params={name: one for name, one in parameters.items() if one is not None})

    def send(self, method: str, path: str, **content: Any) -> Any:
        """Sends a request and returns its answer: JSON, bytes of another kind, or None. content: in httpx's form.

        Raises: RefusedError, GoneError.
        """
        import httpx

        try:
            answer = self._http.request(method, path, **content)
        except httpx.TransportError as error:
            raise GoneError from error
        if not answer.is_success:
            raise RefusedError(answer.json()["error"])
        if not answer.content:
            return None
        return answer.json() if answer.headers["content-type"] == "application/json" else answer.content


@contextmanager
def reached(folder: Path) -> Iterator[Client]:
    """The API of the service that runs on this folder; where none runs, of one that is opened on it for the command,
    with no camera started. Raises: DataFolderInUseError where another process holds the folder and does not answer;
    ProcessorError.
    """
    with ExitStack() as stack:
        client = stack.enter_context(running(folder))
        if client is None:
            client = stack.enter_context(_connected(stack.enter_context(_opened_path(folder))))
        yield client


@contextmanager
def running(folder: Path) -> Iterator[Client | None]:
    """The API of the service that runs on this folder; None if none runs."""
    from api.server.command_socket import served_path

    with served_path(folder) as path:
        if path is None:
            yield None
        else:
            with _connected(path) as client:
                yield client


@contextmanager
def _connected(path: str) -> Iterator[Client]:
    import httpx

    transport = httpx.HTTPTransport(uds=path, verify=False)  # without TLS; certificates would be loaded otherwise
    timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
    with httpx.Client(transport=transport, base_url="http://localhost/api/v1", timeout=timeout) as http:
        yield Client(http)


@contextmanager
def _opened_path(folder: Path) -> Iterator[str]:
    """A socket of this command's own: a service that ends with this command must not serve others."""
    from api.server.command_socket import NAME

    with opened(folder) as service, TemporaryDirectory(prefix="clearglass-") as own:
        from api.server.server import serving_commands

        service.supervisor.close()  # the service, and not this command, runs cameras that the command adds or changes
        with serving_commands(service, Path(own)):
            yield f"{own}/{NAME}"
