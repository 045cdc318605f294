"""`python -m bnnopt` does what the command `bnnopt` does."""

from bnnopt.cli import main

if __name__ == "__main__":
    main()
