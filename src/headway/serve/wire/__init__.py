"""Bytes on a connection become requests, and answers become bytes; nothing here knows of models."""
