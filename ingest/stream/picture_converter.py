"""Converts a decoder's picture (PyAV) into pixels, turned as the camera's settings state."""

from typing import TYPE_CHECKING, Any

from av.filter import Graph
from av.sidedata.encparams import VideoEncParams, VideoEncParamsType
from av.video.reformatter import Interpolation, VideoReformatter

from ingest.stream.frame import Quantisers
from ingest.stream.picture_layout import PictureLayout

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from matcher.picture.pixel_array import Image


class PictureConverter:
    """Converts the pictures of one stream. Owned by one thread."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._field: Graph | None = None
        self._field_of: tuple[Any, ...] = ()

    def converted(self, picture: "VideoFrame", layout: PictureLayout, width: int, height: int) -> "Image":
        """The whole picture as (height, width, 3) BGR, at that size once it is turned."""
        before = layout.before_turn(width, height)
        lines = self._first_field(picture) if layout.one_field else picture
        plain = self._reformatter.reformat(lines, *before, format="bgr24", interpolation=Interpolation.AREA, threads=1)
        return layout.turn.applied(plain.to_ndarray())

    def _first_field(self, picture: "VideoFrame") -> "VideoFrame":
        """Every other line. FFmpeg's `field` filter copies no pixels, and handles the chroma lines of fields
        correctly."""
        kind = (picture.width, picture.height, picture.format.name)
        if self._field is None or kind != self._field_of:
            self._field, self._field_of = _field_graph(picture), kind
        self._field.vpush(picture)
        return self._field.vpull()


def quantisers(picture: "VideoFrame", layout: PictureLayout) -> Quantisers | None:
    """H.264's quantiser in each block, turned as the picture is; FFmpeg's AVVideoEncParams.

    None when the decoder was not asked, or does not report it: FFmpeg's map of an interlaced picture mixes its two
    fields.
    """
    if layout.one_field:
        return None
    for data in picture.side_data:
        if isinstance(data, VideoEncParams) and data.codec_type == VideoEncParamsType.H264:
            try:
                return layout.turn.applied(data.qp_map())
            except (RuntimeError, IndexError):
                return None
    return None


def _field_graph(picture: "VideoFrame") -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=picture.time_base
    )
    graph.link_nodes(source, graph.add("field", "top"), graph.add("buffersink")).configure()
    return graph
