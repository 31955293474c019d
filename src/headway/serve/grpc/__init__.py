"""The Open Inference Protocol over gRPC, beside REST: the same checks, the same queue, the same counters."""
