"""`clearglass doctor`."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.options import Data, Json
from api.cli.output import show


def doctor(
    data: Data,
    host: Annotated[str, typer.Option(help="Address the service would listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port the service would listen on.")] = 8600,
    json: Json = False,
) -> None:
    """Print what on this machine would stop Clearglass, and what to do about it."""
    from rich.console import Console

    from api.doctor import examine

    console = Console()
    findings = []
    for finding in examine(folder=data, host=host, port=port):
        findings.append(finding)
        if not json:
            mark = "[yellow]![/]" if finding.warns else "[green]✓[/]" if finding.well else "[red]✗[/]"
            console.print(f"{mark} {finding.what:<20} {finding.found}", highlight=False)
            if finding.warns or not finding.well:
                console.print(f"  → {finding.remedy}", highlight=False)
    if json:
        show([asdict(finding) for finding in findings], as_json=True, title="", empty="")
    if not all(finding.well for finding in findings):
        sys.exit(1)
