"""The page of what `/metrics` has, made of the gateway's registry."""

from polytape.gateway.metric_specs import METRICS
from polytape.gateway.metrics import Metrics
from tools.site.markdown import code, page, table

SUMMARY = "Every series of `GET /metrics`, as Prometheus reads it: name, type, labels, meaning."


def pages() -> dict[str, str]:
    """The page by its path."""
    rows = [
        [code(name), kind, ", ".join(map(code, labels)), said]
        for name, kind, labels, said in families()
    ]
    head = ("name", "type", "labels", "meaning")
    ours = [row for row in rows if row[0].startswith("`polytape")]
    process = [row for row in rows if row not in ours]
    return {
        "reference/metrics.md": page(
            "Metrics",
            SUMMARY,
            table(head, ours),
            "A histogram has `_bucket` (with the label `le`, in seconds), `_sum` and `_count`.",
            "## Of the process\n\n" + table(head, process),
        )
    }


def families() -> list[tuple[str, str, tuple[str, ...], str]]:
    """Name as it is read, type, labels and meaning of each, in the registry's order."""
    endings = {"counter": "_total", "info": "_info"}
    labels_of = {spec.name: spec.labels for spec in METRICS}
    return [
        (
            family.name + endings.get(family.type, ""),
            family.type,
            labels_of.get(family.name, ()),
            family.documentation,
        )
        for family in Metrics().registry.collect()
    ]
