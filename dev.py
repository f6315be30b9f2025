"""Set up this checkout and use it: `python3 dev.py demo`, `python3 dev.py test [--full]`, `python3 dev.py bench`.

Needs Python 3.11 and nothing else. Makes .venv with uv when uv is on PATH, otherwise with venv and pip; a stamp in
.venv makes the second time instant. The benchmarks' peers bring their own versions of much, so they have a .venv-bench.
The syntax is that of Python 3.6, so that an old Python is told in a sentence.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)

# The main job on the sample bank, as arguments of `riskkit`.
DEMO = ["run", "--workspace", "data_samples/bank", "2026Q2", "--out", "runs"]

# What is installed for each command, as an extra of pyproject.toml.
EXTRAS = {"demo": "", "test": "[test]", "bench": "[bench]"}

# The benchmarks compare one thread with one thread; numpy reads these when it is imported.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

FIND_RISKKIT = "import sys, importlib.util as i; s = i.find_spec('riskkit'); sys.exit(not (s and s.origin))"
PIP_CAN_SERVE_OTHERS = (
    "import sys, pip; sys.exit([int(part) for part in pip.__version__.split('.')[:2]] < [22, 3])"
)

# Settings of the caller that would send an installation somewhere else than into the checkout.
UNWANTED = [
    "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__", "UV_PROJECT_ENVIRONMENT",
    "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_BUILD_ISOLATION",
]  # fmt: skip


class Stop(Exception):
    """Ends the command with a sentence for its user."""


def say(text):
    print(text, flush=True)


def environment():
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return dict(kept, PYTHONNOUSERSITE="1", PIP_DISABLE_PIP_VERSION_CHECK="1")


def call(command, settings=None, **options):
    """The exit code of a command run at the top of the checkout; 127 where it cannot be started."""
    known = dict(environment(), **(settings or {}))
    try:
        process = subprocess.Popen([str(word) for word in command], cwd=str(ROOT), env=known, **options)
    except OSError:
        return 127
    interrupted = False
    while process.returncode is None:
        try:
            process.wait()
        except KeyboardInterrupt:  # the command has been interrupted too: it may finish what it has to say
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def quietly(command):
    return call(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def venv(extra):
    """The folder an extra is installed in."""
    return ROOT / (".venv-bench" if extra == EXTRAS["bench"] else ".venv")


def venv_python(extra, windows=os.name == "nt"):
    return venv(extra) / "Scripts" / "python.exe" if windows else venv(extra) / "bin" / "python"


def dotted(version):
    return ".".join(str(part) for part in version[:2])


# --- setting up


def stamp_text(extra):
    """What an installation depends on: the project's file, the Python, the place of the checkout."""
    parts = [
        (ROOT / "pyproject.toml").read_bytes(),
        dotted(sys.version_info).encode(),
        str(ROOT).encode("utf-8"),
    ]
    return hashlib.sha256(b"\0".join([*parts, extra.encode()])).hexdigest()


def stamp_file(extra):
    return venv(extra) / ("riskkit-stamp" + extra.replace("[", "-").replace("]", ""))


def is_ready(extra):
    """Whether its folder holds this extra, or a larger one, as pyproject.toml asks for it now."""
    for held in [each for each in {extra, EXTRAS["test"]} if venv(each) == venv(extra)]:
        try:
            if stamp_file(held).read_text() == stamp_text(held):
                return quietly([venv_python(extra), "-I", "-c", FIND_RISKKIT])
        except OSError:
            continue
    return False


def has_same_python(extra):
    program = "import sys; sys.exit(sys.version_info[:2] != {!r})".format(tuple(sys.version_info[:2]))
    return quietly([venv_python(extra), "-c", program])


def clear_venv(extra):
    folder = venv(extra)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").is_file():
        raise Stop("{} is no virtual environment. Move it away, then try again.".format(folder))
    if folder.is_dir():
        shutil.rmtree(str(folder))
    folder.mkdir()  # told here, if nothing may be written


def install_with_uv(extra):
    uv = shutil.which("uv")
    if uv is None or not quietly([uv, "--version"]):
        return False
    if not has_same_python(extra):
        clear_venv(extra)
        if call([uv, "venv", "--quiet", "--python", sys.executable, venv(extra)]) != 0:
            return False
    # Compiled at once, as pip does: every report starts a Python of its own, which would otherwise compile again.
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", venv_python(extra)]
    return call([*install, "--editable", "." + extra]) == 0


def make_venv_for_pip(extra):
    """Makes the folder of an extra and returns the beginning of a pip command for it."""
    can_bring_pip = quietly([sys.executable, "-c", "import venv, ensurepip"])
    if has_same_python(extra) and quietly([venv_python(extra), "-m", "pip", "--version"]):
        return [venv_python(extra), "-m", "pip"]
    clear_venv(extra)
    if can_bring_pip:
        if call([sys.executable, "-m", "venv", venv(extra)]) != 0:
            raise Stop("Making {} failed; the reason stands above.".format(venv(extra).name))
        return [venv_python(extra), "-m", "pip"]
    # Debian keeps ensurepip in a package of its own; a pip outside can still fill a folder without one.
    without_pip = [sys.executable, "-m", "venv", "--without-pip", venv(extra)]
    if quietly([sys.executable, "-c", PIP_CAN_SERVE_OTHERS]) and call(without_pip) == 0:
        return [sys.executable, "-m", "pip", "--python", venv_python(extra)]
    raise Stop(
        "This Python cannot make virtual environments (its ensurepip is missing). On Debian and Ubuntu:\n"
        "    sudo apt-get install python{}-venv\n"
        "or install uv; then try again.".format(dotted(sys.version_info))
    )


def install_with_pip(extra):
    pip = make_venv_for_pip(extra)
    return call([*pip, "install", "--quiet", "--no-input", "--editable", "." + extra]) == 0


def set_up(extra):
    if is_ready(extra):
        return
    began = time.time()
    has_uv = shutil.which("uv") is not None
    means = "uv" if has_uv else "venv and pip, a minute or two"
    say("Setting up {} with {} (once) ...".format(venv(extra).name, means))
    if not install_with_uv(extra):
        if has_uv:
            say("uv could not do it; trying venv and pip ...")
        if not install_with_pip(extra):
            raise Stop(
                "Installing failed; the reason stands above. Without internet: see docs/install.en.md."
            )
    stamp_file(extra).write_text(stamp_text(extra))
    say("Ready in {:.0f} s.".format(time.time() - began))


# --- the commands


def demo():
    set_up(EXTRAS["demo"])
    return call([venv_python(EXTRAS["demo"]), "-m", "riskkit", *DEMO])


def notebooks():
    return sorted(
        path
        for folder in ROOT.iterdir()
        if folder.is_dir() and not folder.name.startswith(".") and folder.name != "runs"
        for path in folder.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )


def checks():
    """Name and command of every check that runs before pytest."""
    python = [venv_python(EXTRAS["test"]), "-m"]
    named = [
        ("ruff check", [*python, "ruff", "check", "."]),
        ("ruff format", [*python, "ruff", "format", "--check", "."]),
        ("mypy", [*python, "mypy", "--strict", "riskkit"]),
    ]
    if notebooks():
        named.append(("nbstripout", [*python, "nbstripout", "--verify", "--keep-id", *notebooks()]))
    return named


def test(full, words):
    set_up(EXTRAS["test"])
    failed = []
    for name, command in checks():
        say("== " + name)
        if call(command, stdin=subprocess.DEVNULL) != 0:
            failed.append(name)
    say("== pytest")
    pytest = [venv_python(EXTRAS["test"]), "-m", "pytest", "-n", "auto", "--dist", "worksteal"]
    code = call([*pytest, *(["--full"] if full else []), *words], stdin=subprocess.DEVNULL)
    if failed:
        say("Failed before pytest: {}. What they say stands above.".format(", ".join(failed)))
    return code or (1 if failed else 0)


def bench(words):
    set_up(EXTRAS["bench"])
    pytest = [venv_python(EXTRAS["bench"]), "-m", "pytest", "--benchmark-quiet"]
    benches = ["-o", "python_files=bench_*.py", "tests/bench"]
    return call([*pytest, *benches, *words], settings=ONE_THREAD, stdin=subprocess.DEVNULL)


def newer_python():
    """A Python that will do, found by its name on PATH."""
    program = "import sys; sys.exit(sys.version_info[:2] < {!r})".format(OLDEST)
    for minor in range(OLDEST[1], OLDEST[1] + 10):
        found = shutil.which("python3.{}".format(minor))
        if found is not None and quietly([found, "-c", program]):
            return found
    return None


def main(words):
    parser = argparse.ArgumentParser(prog="dev.py", description="Set up this checkout and use it.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("demo", help="run the main job on the sample bank: riskkit " + " ".join(DEMO))
    testing = commands.add_parser("test", help="run the checks and the tests; further words go to pytest")
    testing.add_argument(
        "--full", action="store_true", help="the slow tests too; a skipped test is a failure"
    )
    commands.add_parser(
        "bench", help="measure the speed beside other packages (.venv-bench); further words go to pytest"
    )
    chosen, further = parser.parse_known_args(words)
    if chosen.command is None:
        parser.print_help()
        return 2
    if further and chosen.command == "demo":
        parser.error("unknown: " + " ".join(further))
    if sys.version_info[:2] < OLDEST:
        newer = newer_python()
        if newer is not None:
            return call([newer, Path(__file__).resolve(), *words])
        found = "{} ({})".format(dotted(sys.version_info), sys.executable)
        raise Stop(
            "riskkit needs Python {} or newer; this is {}. Start dev.py with a newer one,\n"
            "for example: python{} dev.py {}".format(dotted(OLDEST), found, dotted(OLDEST), chosen.command)
        )
    if chosen.command == "test":
        return test(chosen.full, further)
    return demo() if chosen.command == "demo" else bench(further)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as reason:
        sys.exit(str(reason))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as fault:
        sys.exit("Cannot set up {}: {}".format(ROOT, fault))
