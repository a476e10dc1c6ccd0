"""Every table, for every room. Times are UTC; what names or shows a person is sealed (`matcher.store.sealing`)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import UserDefinedType

from matcher.timestamp import time_from_column, time_to_column


class UtcTime(UserDefinedType[datetime]):
    """A timezone-aware datetime, kept as the text of `format_time`. SQLAlchemy takes the functions once a statement."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The column's type in SQL."""
        return "TEXT"

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        """To the database."""
        return time_to_column

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:
        """From the database."""
        return time_from_column


metadata = MetaData()

# --- sealing -------------------------------------------------------------------------------------------------------

key_check = Table(
    "key_check",
    metadata,
    Column("id", Integer, primary_key=True),
    CheckConstraint("id = 1"),
    Column("sealed", LargeBinary, nullable=False),
    comment="A known text under the master key: tells a wrong or lost key before anything else is tried.",
)

# --- gallery -------------------------------------------------------------------------------------------------------

gallery = Table(
    "gallery",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    comment="One row: the gallery's own id, and a number that grows with every change of what can be found.",
)

_PENDING = text("withdrawn_at IS NOT NULL AND erased_at IS NULL")

subject = Table(
    "subject",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_name", LargeBinary),
    Column("created_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("erased_at", UtcTime),
    Index("ix_subject_pending", "withdrawn_at", sqlite_where=_PENDING),
    # The order of a list; with withdrawn_at in it, the rows before a page are passed over in the index alone.
    Index("ix_subject_enrolled", "created_at", "id", "withdrawn_at"),
)

subject_key = Table(
    "subject_key",
    metadata,
    Column("subject_id", Text, ForeignKey("subject.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

consent = Table(
    "consent",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject_id", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("cameras", Text, nullable=False, comment="a JSON list"),
    Column("valid_from", UtcTime, nullable=False),
    Column("valid_until", UtcTime, nullable=False),
    Column("evidence_digest", Text, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("times", Text, comment="a JSON list of weekdays and hours; null: always"),
)

change = Table(
    "change",
    metadata,
    Column("revision", Integer, primary_key=True, comment="of the gallery"),
    Column("subject_id", Text, ForeignKey("subject.id"), nullable=False),
    comment="Whom each revision changed. What there is of them now stands in their other tables.",
)

reference = Table(
    "reference",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("subject_id", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("model_digest", Text, nullable=False),
    Column("sealed_template", LargeBinary, nullable=False),
    # With an index, the references that came after a moment are found without reading the pages with the templates.
    Column("created_at", UtcTime, nullable=False, index=True),
    # Numbers are never given twice: one that is still on its way out of a search must not come to mean somebody else.
    sqlite_autoincrement=True,
)

reference_sample = Table(
    "reference_sample",
    metadata,
    Column("reference_number", Integer, ForeignKey("reference.number"), primary_key=True),
    Column("sealed_picture", LargeBinary, nullable=False),
    Column("quality", Text, nullable=False, comment="a JSON object"),
    comment="What a reference was made from. Apart from it: a start reads every reference, and no picture.",
)

declaration = Table(
    "declaration",
    metadata,
    Column("subject_id", Text, ForeignKey("subject.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    comment="Groups that people declared themselves, and the salt of the commitment; under the subject's key.",
)

# --- audit ---------------------------------------------------------------------------------------------------------

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("index", Integer, primary_key=True),
    Column("time", UtcTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request_index", Integer, comment="of an outcome or failure: the request it ends"),
    Column("data", LargeBinary, nullable=False, comment="the leaf, byte for byte"),
    Column("leaf_hash", LargeBinary, nullable=False),
    Index("ix_audit_entry_kind", "kind", "index"),
    Index("ix_audit_entry_request_index", "request_index"),
)

log_hash = Table(
    "log_hash",
    metadata,
    Column("level", Integer, primary_key=True, comment="of the tile it stands in: 1 or more"),
    Column("place", Integer, primary_key=True, comment="among the hashes of its level"),
    Column("hash", LargeBinary, nullable=False),
    comment="Roots of full tiles (C2SP tlog-tiles), so that a proof reads a few hundred hashes and not all leaves.",
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    CheckConstraint("id = 1"),
    Column("size", Integer, nullable=False),
    Column(
        "frontier", LargeBinary, nullable=False, comment="roots of the perfect subtrees, largest first, 32 bytes each"
    ),
    Column("last_time", UtcTime),
    Column("checkpoint", Text, nullable=False, comment="signed note"),
)

published_checkpoint = Table(
    "published_checkpoint",
    metadata,
    Column("id", Integer, primary_key=True),
    CheckConstraint("id = 1"),
    Column("checkpoint", Text, comment="signed note with cosignatures; null until there is one"),
    comment="There is a row where the log publishes only what its witnesses have cosigned.",
)

evidence = Table(
    "evidence",
    metadata,
    Column("request_index", Integer, ForeignKey("audit_entry.index"), primary_key=True),
    Column("subject_id", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    comment="Of searches that found somebody: probe and salt of the commitment, under the first candidate's key.",
)

# --- alerts --------------------------------------------------------------------------------------------------------

alert = Table(
    "alert",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False, unique=True, comment="in the order they were raised"),
    Column("camera_id", Text, nullable=False),
    Column("subject_id", Text, ForeignKey("subject.id"), nullable=False, index=True),
    Column("reference_id", Text, nullable=False),
    Column("request_index", Integer, ForeignKey("audit_entry.index"), nullable=False),
    Column("outcome_index", Integer, ForeignKey("audit_entry.index"), nullable=False),
    Column("dissimilarity", Float, nullable=False),
    Column("operating_point", Text, nullable=False),
    Column("captured_at", UtcTime, nullable=False),
    Column("raised_at", UtcTime, nullable=False),
    Column("status", Text, nullable=False, index=True),
)

review = Table(
    "review",
    metadata,
    Column("alert_id", Text, ForeignKey("alert.id"), primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("sealed_note", LargeBinary, comment="under the subject's key"),
    Column("reviewed_at", UtcTime, nullable=False),
    Column("audit_index", Integer, ForeignKey("audit_entry.index"), nullable=False),
)

# --- the other rooms -----------------------------------------------------------------------------------------------

camera = Table(
    "camera",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("sealed_credentials", LargeBinary),
    Column("sealed_substream", LargeBinary),
    Column("analysed_fps", Float, nullable=False),
    Column("min_eye_distance", Float, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("rotation", Integer, nullable=False, server_default=text("0"), comment="degrees clockwise"),
    Column("mirrored", Boolean, nullable=False, server_default=false()),
    Column("aspect", Text, comment="width:height of the whole picture before the rotation"),
    Column("certificate", Text, comment="null: issued by a trusted CA; else sha256:<hex digits>, or unverified"),
    Column("snapshot_seconds", Float, nullable=False, server_default=text("1")),
    Column("time_zone", Text, comment="an IANA name; null: the site's"),
)

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column(
        "must_change", Boolean, nullable=False, server_default=false(), comment="the password, set by somebody else"
    ),
)

second_factor = Table(
    "second_factor",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), primary_key=True),
    Column("sealed_secret", LargeBinary, comment="of TOTP; null until a code has shown that its owner has it"),
    Column("sealed_offer", LargeBinary, comment="a secret that was shown and not yet confirmed by a code"),
    Column("last_step", Integer, comment="of the newest code that was accepted: none is accepted twice"),
    comment="Secrets are sealed under the master key.",
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("digest", Text, primary_key=True, comment="hex SHA-256"),
    Column("account_id", Text, ForeignKey("account.id"), nullable=False, index=True),
    comment="Those that are left: a used one is removed.",
)

token = Table(
    "token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True, comment="hex SHA-256"),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
)

session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True, comment="hex SHA-256"),
    Column("id", Text, nullable=False, unique=True, comment="what the log calls it"),
    Column("account_id", Text, ForeignKey("account.id"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime, nullable=False, comment="by a person, to a minute"),
)
