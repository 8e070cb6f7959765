"""`python -m ksom` is the command `ksom`."""

from ksom.entry import main

if __name__ == "__main__":
    main()
