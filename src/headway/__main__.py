"""Runs the command line; knows nothing else."""

from headway.app.cli.main import main

main()
