"""The plan of the house, held against the code."""

import ast
import graphlib
import subprocess
import sys
import unittest
from pathlib import Path

import onetime
from tests.support import cpython

SOURCE = Path(onetime.__file__).parent
TESTS = Path(__file__).parent
WINGS = ("storage", "verification", "provisioning", "inspection")
LOWER_FLOORS = {
    "errors": set[str](),
    "checks": set[str](),
    "times": set[str](),
    "encoding": {"errors"},
    "confidential": set[str](),
    "algorithm": {"errors"},
    "secret": {"errors", "encoding", "confidential", "algorithm"},
    "hotp": {"errors", "checks", "confidential", "algorithm", "secret"},
    "totp": {"errors", "checks", "times", "confidential", "algorithm", "secret", "hotp"},
    "credential": {"hotp", "totp"},
}
GROUND = set(LOWER_FLOORS)
ALLOWED = {
    **LOWER_FLOORS,
    "storage": {"errors", "storage"},  # it knows nothing of one-time passwords
    "verification": GROUND | {"storage", "verification"},
    "provisioning": GROUND | {"provisioning"},
    "inspection": GROUND | {"inspection"},
    "testing": {"storage"},
    "cli": GROUND | {*WINGS, "cli", "playground", ""},
    "playground": GROUND | {*WINGS, "playground"},
    "": GROUND | set(WINGS),  # the front door, onetime/__init__.py; the wings on first use
    "__main__": {"cli"},
}
"""Which rooms each room may import from; a wing is one room here."""

INSIDE_VERIFICATION = {
    "value": set[str](),
    "record": set[str](),
    "typed": set[str](),
    "policy": {"value"},
    "throttle": {"policy"},
    "device": set[str](),
    "state": {"policy", "throttle", "record", "device"},
    "evidence": {"value", "state"},
    "asked": {"device", "state"},
    "decision": {"policy", "device", "state", "evidence", "asked", "typed"},
    "resync": {"policy", "device", "state", "evidence", "asked", "typed"},
    "enrollment": {"policy", "device", "state", "evidence", "asked", "decision", "resync"},
    "verifier": {
        "policy",
        "record",
        "device",
        "state",
        "evidence",
        "asked",
        "decision",
        "resync",
        "enrollment",
    },
    "sent": {"throttle", "record"},
    "delivery": {"policy", "throttle", "record", "sent", "typed", "value"},
    "recovery": {"policy", "throttle", "record", "value"},
}
INSIDE_STORAGE = {
    "store": set[str](),
    "fork": set[str](),
    "dialect": set[str](),
    "memory": set[str](),
    "pool": {"fork", "dialect"},
    "sqlite": {"dialect", "sqlite_file"},
    "sqlite_file": set(),
    "postgres": {"dialect"},
    "mysql": {"dialect"},
    "lookalikes": set[str](),
    "contract": {"store", "lookalikes"},
    "group_commit": {"pool", "fork", "dialect"},
    "sql": {"pool", "sqlite", "postgres", "mysql", "group_commit", "dialect"},
}


def modules() -> dict[str, ast.Module]:
    """Parse every module, by its name below `onetime`."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imports(tree: ast.Module) -> set[str]:
    """Name all modules that a module imports, wherever in it the import stands."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, "imports are absolute"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            # `from onetime import encoding` imports a module, `from onetime import HOTP` a name.
            names |= inside & {f"onetime.{name}" for name in MODULES} or {node.module}
    return names


MODULES = modules()
OWN = {
    module: {
        name.removeprefix("onetime").removeprefix(".")
        for name in imports(tree)
        if name.split(".")[0] == "onetime"
    }
    for module, tree in MODULES.items()
}


class Architecture(unittest.TestCase):
    def test_every_room_is_in_the_plan(self) -> None:
        """A module that the plan does not know has no place to stand."""
        for module in MODULES:
            self.assertIn(module.split(".")[0], ALLOWED)

    def test_imports_are_the_standard_librarys_or_our_own(self) -> None:
        """Nothing is needed at run time but Python."""
        cpython("it does not list all modules of its standard library")
        for module, tree in MODULES.items():
            for name in imports(tree):
                with self.subTest(module=module, imports=name):
                    self.assertIn(name.split(".")[0], sys.stdlib_module_names | {"onetime"})

    def test_doors_are_one_way(self) -> None:
        """Each room imports only from the rooms below it, and the wings do not know each other."""
        for module, names in OWN.items():
            for name in names:
                with self.subTest(module=module, imports=name):
                    self.assertIn(name.split(".")[0], ALLOWED[module.split(".")[0]])

    def test_doors_inside_a_wing_are_one_way(self) -> None:
        """What decides knows no store; what stores knows no database but its own."""
        for wing, plan in (("verification", INSIDE_VERIFICATION), ("storage", INSIDE_STORAGE)):
            for module, names in OWN.items():
                room = module.removeprefix(f"{wing}.")
                if room == module:
                    continue
                for name in names:
                    # `from onetime.verification import record` imports a room, and the wing itself.
                    if name.startswith(f"{wing}."):
                        with self.subTest(module=module, imports=name):
                            self.assertIn(name.removeprefix(f"{wing}."), plan[room])

    def test_the_qr_code_knows_nothing_of_passwords(self) -> None:
        """The encoder of QR codes imports nothing of ours but the errors and its own rooms."""
        rooms = {
            "qr": {"codewords", "matrix", "png"},
            "codewords": set[str](),
            "matrix": set[str](),
            "png": set[str](),
        }
        for room, below in rooms.items():
            with self.subTest(room):
                allowed = {"errors", "confidential", "checks"} | {f"provisioning.{name}" for name in below}
                self.assertLessEqual(OWN[f"provisioning.{room}"], allowed)

    def test_no_circle(self) -> None:
        """The graph of all modules can be sorted."""
        graphlib.TopologicalSorter({module: names - {module} for module, names in OWN.items()}).prepare()

    def test_no_exported_name_is_a_modules_name(self) -> None:
        """`onetime.x` is never both a module and something else."""
        # A command of the name, such as `onetime.cli.explain`, is nowhere beside it.
        rooms = {module.split(".")[0] for module in MODULES}
        for name in dir(onetime):
            value = getattr(onetime, name)
            if not name.startswith("_") and not isinstance(value, type(sys)):
                self.assertNotIn(name, rooms)

    def test_the_import_stays_light(self) -> None:
        """`import onetime` loads nothing that only a wing needs."""
        cpython("its standard library imports other modules")
        heavy = (
            "sqlite3",
            "argparse",
            "http",
            "dataclasses",
            "typing",
            "base64",
            "secrets",
            "re",
            "datetime",
            "json",
        )
        code = (
            "import sys; old = set(sys.modules); import onetime; "
            f"print([name for name in {heavy} if name in set(sys.modules) - old])"
        )
        result = subprocess.run(
            [sys.executable, "-S", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=SOURCE.parent,
        )
        self.assertEqual("[]\n", result.stdout)

    def test_what_a_server_imports_stays_light(self) -> None:
        """A server that verifies loads neither dataclasses, secrets nor what is slow like them."""
        code = (
            "import sys; old = set(sys.modules); from onetime import MemoryStore, Verifier; "
            "print([name for name in ('dataclasses', 'secrets', 'http', 'argparse', 'random', 'json') "
            "if name in set(sys.modules) - old])"
        )
        result = subprocess.run(
            [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=SOURCE.parent
        )
        self.assertEqual("[]\n", result.stdout)

    def test_rooms_stay_small(self) -> None:
        """Past 300 lines there is a second noun in a room."""
        for path in SOURCE.rglob("*.py"):
            with self.subTest(module=path.name):
                self.assertLessEqual(len(path.read_text(encoding="utf-8").splitlines()), 300)


class Layout(unittest.TestCase):
    def test_the_mirror_holds_tests_alone(self) -> None:
        """Folders of `tests` that are also in `src` have `test_*.py` only; `tests` has its two lists too."""
        folders = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file()}
        self.assertLessEqual({*WINGS, "cli", "playground"}, folders)
        for folder in (TESTS, *(TESTS / name for name in sorted(folders))):
            lists = {"README.md", "requirements.md"} if folder == TESTS else set[str]()
            for path in folder.iterdir():
                if path.is_file() and path.name not in {"__init__.py", *lists}:
                    with self.subTest(path.relative_to(TESTS).as_posix()):
                        self.assertTrue(path.match("test_*.py"))

    def test_folders(self) -> None:
        """Beside the mirror are the folders that `tests/README.md` lists, and no others."""
        found = {path.name for path in TESTS.iterdir() if path.is_dir() and path.name != "__pycache__"}
        beside = {"support", "soak", "browser", "benchmarks", "examples", "vectors"}
        self.assertEqual({*WINGS, "cli", "playground", *beside}, found)
        table = (TESTS / "README.md").read_text(encoding="utf-8")
        for folder in found:
            self.assertIn(f"`{folder}/`", table)

    def test_each_soak_is_a_command(self) -> None:
        """Each file of `soak` has a `main`, which `python3 -m tests.soak NAME` calls."""
        for path in sorted((TESTS / "soak").glob("[a-z]*.py")):
            nodes = ast.parse(path.read_text(encoding="utf-8")).body
            with self.subTest(path.name):
                self.assertIn("main", [node.name for node in nodes if isinstance(node, ast.FunctionDef)])


class Vectors(unittest.TestCase):
    def test_vectors_are_there_and_name_their_source(self) -> None:
        """An empty folder fails, and so does a file that does not say where it is from."""
        files = sorted((TESTS / "vectors").glob("*.json"))
        self.assertTrue(files)
        for path in files:
            self.assertIn('"source": "', "".join(path.read_text(encoding="utf-8").splitlines()[:2]))
