"""Writes wishes, releases and stages out as Kubernetes objects; judges nothing."""
