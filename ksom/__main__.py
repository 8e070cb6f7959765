"""`python -m ksom` is the command `ksom`."""

from ksom.entry import main

main()
