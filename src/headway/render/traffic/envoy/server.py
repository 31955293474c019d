"""The frame of an Envoy: its bootstrap and its listeners.  Knows no route's weights."""

from headway.render.traffic.envoy.resource import API, Resource, watched

__all__ = ["COUNTED", "EDGES_MS", "TOP", "bootstrap", "listener"]

# Edges of latency, in milliseconds.  Envoy times in whole milliseconds, too coarse below 4, and keeps two digits of
# them: an edge between two of its bins would be moved to the lower one.  So edges lie where bins end: steps of at most
# 1.25x, to which margins are held, each with the next one 2 % or more behind it, for what is tolerated.
_STEPS = (10, 11, 12, 13, 15, 16, 18, 19, 22, 23, 27, 28, 33, 34, 40, 41, 49, 50, 61, 63, 75, 77, 90, 92)
EDGES_MS = (
    *(float(edge) for edge in range(4, 10)),
    *(float(ten * step) for ten in (1, 10, 100) for step in _STEPS),
    10_000.0,
    12_000.0,
)
# One bucket above all: its count is the count of everything measured.
TOP = 1e9

# What is counted of each cluster, as in `upstream_rq_completed`.
COUNTED = (
    "completed", "2xx", "3xx", "retry", "retry_success", "timeout", "time", "headers_count", "active", "pending_active",
)  # fmt: skip
# The statistics that are asked for.  Envoy would keep some 200 for every cluster, and look through all of them for
# every question; with hundreds of models that alone would take seconds.
_KEPT = (
    *({"prefix": name} for name in ("cluster_manager.", "listener_manager.")),
    *({"suffix": f".upstream_rq_{name}"} for name in COUNTED),
    *({"suffix": name} for name in (".version_text", ".downstream_rq_active")),
)


def bootstrap(node: str, folder: str, admin: str) -> Resource:
    """What Envoy starts with: listeners and clusters from watched folders, the admin interface on a Unix socket."""
    return {
        "node": {"id": node, "cluster": "headway"},
        "admin": {"address": {"pipe": {"path": admin, "mode": 0o600}}},
        "dynamic_resources": {
            "lds_config": watched(f"{folder}/lds", "lds.json"),
            "cds_config": watched(f"{folder}/cds", "cds.json"),
        },
        # Counts are merged when they are asked for, so that an answer is never an interval old.
        "stats_flush_on_admin": True,
        "stats_config": {
            "stats_matcher": {"inclusion_list": {"patterns": list(_KEPT)}},
            "histogram_bucket_settings": [
                {"match": {"suffix": "upstream_rq_time"}, "buckets": [*EDGES_MS, TOP]},
                {"match": {"suffix": "upstream_rq_headers_count"}, "buckets": [TOP]},
            ],
        },
    }


def listener(name: str, host: str, port: int, folder: str) -> Resource:
    """An address on which one route's requests arrive; `folder` holds one folder of routes a listener."""
    manager = {
        "@type": f"{API}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "codec_type": "AUTO",
        # A user without a cookie is dealt by it, and gets it as a cookie.
        "generate_request_id": True,
        "normalize_path": True,
        "rds": {"route_config_name": name, "config_source": watched(f"{folder}/{name}", "rds.json")},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": f"{API}extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
    }
    return {
        "@type": f"{API}config.listener.v3.Listener",
        "name": name,
        "address": {"socket_address": {"address": host, "port_value": port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
