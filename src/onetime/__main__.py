"""The entry point of `python -m onetime`."""

from onetime.cli import main

if __name__ == "__main__":
    main()
