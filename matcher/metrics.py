"""What this room counts. No label ever holds a person, an actor or a free text."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class MatcherMetrics:
    """The matcher's metrics in one registry.

    identifications' label `outcome`: candidates, none, refused or failed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.search_seconds = Histogram(
            "clearglass_search_seconds",
            "Seconds from a search's durable request entry to its re-scored candidates.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.log_append_seconds = Histogram(
            "clearglass_log_append_seconds",
            "Seconds to make an entry of a search durable in the audit log.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.index_size = Gauge("clearglass_index_references", "References in the search index.", registry=registry)
        self.follower_missing = Gauge(
            "clearglass_follower_missing_changes",
            "Committed changes of the gallery that this follower failed to apply.",
            ["follower"],
            registry=registry,
        )
        self.identifications = Counter(
            "clearglass_identifications", "Identifications, by how they ended.", ["outcome"], registry=registry
        )
        # Each series starts at 0: Prometheus counts no increase in a series that begins at 1.
        for outcome in ("candidates", "none", "refused", "failed"):
            self.identifications.labels(outcome)
        self.log_entries = Gauge("clearglass_log_entries", "Entries in the audit log.", registry=registry)
        self.log_failures = Counter(
            "clearglass_log_failures",
            "Times the audit log could not be written, so nothing was done.",
            registry=registry,
        )
        self.log_cosigned = Gauge(
            "clearglass_log_cosigned_entries",
            "Entries that the log's witnesses have cosigned; 0 without witnesses.",
            registry=registry,
        )
        self.witness_failures = Counter(
            "clearglass_witness_failures", "Times a witness did not cosign, by witness.", ["witness"], registry=registry
        )
        self.data_free_bytes = Gauge(
            "clearglass_data_free_bytes", "Bytes free on the data folder's file system.", registry=registry
        )
