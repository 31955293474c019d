"""Metrics of predictions with their intervals, alone and against another version on the same rows.

For whoever measures: build `Answers` from truth and predictions, then `score(name, answers)` gives the fields of one
`evidence.measurement.Metric` and `compare(name, candidate, live)` those of one `Paired` but `live_version`
(`Metric(**msgspec.structs.asdict(found))`).  Both answer None where a metric has no value, as the AUC of one class.
Knows neither files nor gates; the only part of this room with numpy.
"""
