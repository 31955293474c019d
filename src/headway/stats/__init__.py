"""The arithmetic of doubt: numbers in, numbers out; knows neither YAML nor Git."""
