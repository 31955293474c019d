"""The traffic routers by the name that an Environment gives them."""

from collections.abc import Mapping

from headway.render.traffic import gateway_api, istio
from headway.render.traffic.dialect import Traffic
from headway.render.traffic.envoy import routes as envoy

__all__ = ["TRAFFIC"]

TRAFFIC: Mapping[str, Traffic] = {"envoy": envoy, "gateway-api": gateway_api, "istio": istio}
