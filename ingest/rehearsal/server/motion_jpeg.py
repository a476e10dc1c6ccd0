"""Multipart MJPEG (RFC 2046, 5.1; multipart/x-mixed-replace) in the ways in which cameras write it."""

BOUNDARY = "frame"


class MotionJpeg:
    """How one camera writes its stream. variant: one of `trouble.VARIANTS`.

    dashes: the header's boundary has the body's two dashes already. quoted: the header's boundary stands in quotes.
    nolength: parts without Content-Length. wronglength: it is 7 too small and 7 too great by turns. lf: lines end in
    LF. extra: more headers in each part. nocrlf: no line end between a picture and the next boundary. wrongtype: parts
    call themselves text/plain. wronghead: the answer calls itself application/octet-stream. blankfirst: an empty line
    before the first boundary. trailer: the first boundary is missing. nestedthumb: parts without Content-Length, of
    pictures with a thumbnail (`jpeg.with_thumbnail`, put in by the caller). good: none of these.
    """

    def __init__(self, variant: str) -> None:
        self._variant = variant
        self._parts = 0

    @property
    def content_type(self) -> str:
        """Of the whole answer."""
        if self._variant == "wronghead":
            return "application/octet-stream"
        boundary = {"dashes": f"--{BOUNDARY}", "quoted": f'"{BOUNDARY}"'}.get(self._variant, BOUNDARY)
        return f"multipart/x-mixed-replace; boundary={boundary}"

    def part(self, jpeg: bytes) -> bytes:
        """The next picture with everything around it, as the stream's next bytes."""
        number, self._parts = self._parts, self._parts + 1
        lines = [f"Content-Type: {'text/plain' if self._variant == 'wrongtype' else 'image/jpeg'}"]
        if self._variant == "extra":
            lines += [f"X-Timestamp: {number}.040", "X-Framerate: 25", "Cache-Control: no-store, no-cache"]
        if self._variant not in {"nolength", "nestedthumb"}:
            error = (-7 if number % 2 == 0 else 7) if self._variant == "wronglength" else 0
            lines.append(f"Content-Length: {len(jpeg) + error}")
        if number or self._variant != "trailer":
            lines.insert(0, f"--{BOUNDARY}")
        if not number and self._variant == "blankfirst":
            lines.insert(0, "")
        end = "\n" if self._variant == "lf" else "\r\n"
        head = end.join([*lines, "", ""]).encode()
        return head + jpeg + (b"" if self._variant == "nocrlf" else end.encode())
