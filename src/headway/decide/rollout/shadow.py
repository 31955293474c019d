"""The strategy `shadow`: rising shares of requests are copied to the candidate, and stable answers all of them.

Copies are split off at random like a canary's requests, and judged by the same guardrails beside those that were not
copied; and a copy's answer is compared with the one that the user got.
"""

from headway.decide.rollout.canary import event, stages
from headway.evidence.weights import Split

__all__ = ["REST", "SPLIT", "event", "stages"]

SPLIT: Split = "copies"
REST = "what users do with its answers has not been seen"
