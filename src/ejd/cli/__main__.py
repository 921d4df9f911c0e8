"""`python -m ejd.cli`."""

from ejd.cli import main

main()
