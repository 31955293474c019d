"""One pass: reads everything, decides, performs, records."""
