"""The house around the code: what is imported when, what a wheel holds, and what no file may name."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import impsy

ROOT = Path(__file__).parents[1]
HEAVY = {"tensorflow", "keras", "keras_mdn_layer", "pandas"}

# Written so that they do not match themselves.
HOSTS = re.compile(r"pypi[.]org|pythonhosted[.]org|npmjs[.]|crates[.]io|anaconda[.]org|deb[.]debian[.]org|ghcr[.]io")
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:root|home|Users|work|opt/venv\w*)/|\b[A-Z]:\\\\?Users\\")


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh Python holds after `statement`, which may exit."""
    script = f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint('\\nloaded', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()[1:]}


def our_modules() -> list[str]:
    """Every module of the package by its dotted name."""
    files = sorted((ROOT / "impsy").rglob("*.py"))
    dotted = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    return [name.removesuffix(".__init__") for name in dotted if not name.endswith("__main__")]


def tracked_files() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing says which files are the project's")
    listing = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def tracked_texts() -> list[tuple[str, str]]:
    texts = []
    for file in tracked_files():
        try:
            texts.append((file.relative_to(ROOT).as_posix(), file.read_text("utf-8")))
        except UnicodeDecodeError:
            continue  # a model, a picture
    return texts


def test_help_stays_light() -> None:
    loaded = modules_after("from impsy.cli.main import main; main(['--help'])")

    assert "click" in loaded
    assert not loaded & (HEAVY | {"numpy", "ai_edge_litert", "asyncio", "msgspec", "websockets", "pythonosc", "rtmidi"})


def test_listing_the_ports_stays_light() -> None:
    loaded = modules_after("from impsy.cli.main import main; main(['ports'])")

    assert not loaded & (HEAVY | {"numpy", "ai_edge_litert", "asyncio", "websockets", "mido"})


def test_nothing_but_training_imports_what_is_heavy() -> None:
    light = [name for name in our_modules() if not name.startswith("impsy.training")]

    loaded = modules_after(f"import {', '.join(light)}")

    assert not loaded & HEAVY


@pytest.mark.skipif(not (ROOT / "impsy" / "cli" / "run.py").exists(), reason="impsy run is not written yet")
def test_run_imports_no_more_than_performing_needs() -> None:
    loaded = modules_after("from impsy.cli.main import main; main(['run', '--help'])")

    assert not loaded & HEAVY


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert project["version"] == impsy.__version__
    assert newest is not None
    assert newest[1] == impsy.__version__


def test_no_file_names_a_registry_or_somebodys_machine() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in tracked_texts()
        for pattern in (HOSTS, MACHINE_PATHS)
        for match in pattern.finditer(text)
    ]

    assert found == []


def test_the_patterns_of_forbidden_names_bite() -> None:
    assert HOSTS.search("https://files.pythonhosted" + ".org/x.whl")
    assert MACHINE_PATHS.search('path = "/ro' + 'ot/logs"')
    assert not MACHINE_PATHS.search("COPY logs /workspace/logs")
    assert not MACHINE_PATHS.search("see docs/home/index.md")


def test_the_lock_names_no_host_and_fits_the_project() -> None:
    text = (ROOT / "poetry.lock").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    locked = tomllib.loads(text)

    wanted = {re.split(r"[ <>=;\[]", need)[0] for need in project["dependencies"]}
    assert not re.search(r"^(?!description = ).*(://|package[.]source)", text, re.MULTILINE)
    assert wanted <= {package["name"] for package in locked["package"]}
    assert locked["metadata"]["python-versions"] == project["requires-python"]


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"(?<!!)\[[^\]\n]*\]\((?![a-z]+:|#)([^)#\s]+)")  # neither pictures nor the web
    broken = [
        f"{name}: {target}"
        for name, text in tracked_texts()
        if name.endswith(".md")
        for target in link.findall(re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL))
        if not (ROOT / name).parent.joinpath(target).exists()
    ]

    assert broken == []


@pytest.mark.slow
def test_a_wheel_holds_the_page_the_starters_and_the_default_config(tmp_path: Path) -> None:
    pytest.importorskip("poetry.core", reason="poetry-core is not here to build a wheel without a network")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*pip, "-w", tmp_path, ROOT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    (wheel,) = tmp_path.glob("impsy-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "impsy").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert ours <= held
    assert {"impsy/adapters/page/index.html", "impsy/config/default.toml"} <= held
    assert any(name.startswith("impsy/starters/") and name.endswith(".tflite") for name in held)
