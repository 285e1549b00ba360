"""`python3 -m tests.soak NAME [options]`: run a long check; without a name, list them."""

import importlib
import pkgutil
import sys

import tests.soak


def main() -> int:
    """Run the check that the first argument names."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.soak.__path__))
    names.remove("__main__")
    if sys.argv[1:2] and sys.argv[1] in names:
        return int(importlib.import_module(f"tests.soak.{sys.argv[1]}").main(sys.argv[2:]))
    print("usage: python3 -m tests.soak NAME [options]")
    for name in names:
        summary = (importlib.import_module(f"tests.soak.{name}").__doc__ or "").splitlines()[0]
        print(f"  {name:14} {summary.removeprefix(f'`python3 -m tests.soak {name}`: ')}")
    return 2


if __name__ == "__main__":
    sys.exit(main())
