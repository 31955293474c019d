"""The traffic routers by the name that an Environment gives them."""

from collections.abc import Mapping

from headway.render.traffic import envoy, gateway_api, istio
from headway.render.traffic.dialect import Traffic

__all__ = ["TRAFFIC"]

TRAFFIC: Mapping[str, Traffic] = {"envoy": envoy, "gateway-api": gateway_api, "istio": istio}
