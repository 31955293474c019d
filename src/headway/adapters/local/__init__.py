"""One machine as the target: processes, Envoy, and the supervisor that owns them."""
