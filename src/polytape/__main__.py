"""`python -m polytape`."""

from polytape.cli.app import main

main()
