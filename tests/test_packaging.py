"""What is built from this tree works where it is installed, the plugin file above all.

Each test builds the project in one of the ways that people use, installs it into
an empty virtual environment, and asks that environment from a neutral directory.
Nothing is downloaded: the new environment sees the libraries of the running one,
but not the txdicomtls that is installed there.
"""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import venv
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txdicomtls

ROOT = Path(__file__).parent.parent

TWISTD = "from twisted.scripts.twistd import run; run()"

PROBE = """
import json
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.testing import MemoryReactorClock
from twisted.plugins import txdicomtls_plugin
import txdicomtls

def refusal(parse, text):
    try:
        parse(MemoryReactorClock(), text)
    except ValueError as error:
        return str(error)

print(json.dumps({
    "package": txdicomtls.__file__,
    "version": txdicomtls.__version__,
    "plugin": txdicomtls_plugin.__file__,
    "server": refusal(serverFromString, "dicomtls:2762"),
    "client": refusal(clientFromString, "dicomtls:pacs.example:2762"),
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command, which must succeed."""
    # A worker of trial -j has our own path there.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=clean)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


class PackagingTests(SynchronousTestCase):
    """A wheel, an sdist and an editable install."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.neutral = self.directory / "neutral"
        self.neutral.mkdir(parents=True)
        self.environment = self.directory / "environment"
        venv.create(self.environment, symlinks=True)
        self.python = self.environment / "bin" / "python"
        self.site_packages = next(self.environment.glob("lib/python3*/site-packages"))
        self.lend_libraries()

    def lend_libraries(self) -> None:
        """Let the new environment see what is installed in the running one, except ourselves."""
        libraries = self.directory / "libraries"
        libraries.mkdir()
        for installed in map(Path, site.getsitepackages()):
            for entry in installed.iterdir() if installed.is_dir() else ():
                link = libraries / entry.name
                if not entry.name.startswith(("txdicomtls", "_txdicomtls")) and not link.exists():
                    link.symlink_to(entry)
        (self.site_packages / "libraries.pth").write_text(f"{libraries}\n")

    def build(self, target: str) -> Path:
        """The one file that hatchling builds from the tree."""
        built = self.directory / target
        hatchling = (sys.executable, "-m", "hatchling", "build", "-t", target, "-d")
        run(*hatchling, built, cwd=ROOT)
        (file,) = built.iterdir()
        return file

    def install(self, *what: str | Path) -> None:
        """Install with pip into the new environment."""
        pip = (sys.executable, "-m", "pip", "--python", self.python, "install")
        offline = ("--no-index", "--no-deps", "--no-build-isolation")
        run(*pip, *offline, *what, cwd=self.neutral)

    def check(self, root: Path) -> None:
        """The package and its plugin are found below ``root``, and do what they are for."""
        answers = json.loads(run(self.python, "-c", PROBE, cwd=self.neutral))
        self.assertEqual(str(root / "txdicomtls" / "__init__.py"), answers["package"])
        self.assertEqual(
            str(root / "twisted" / "plugins" / "txdicomtls_plugin.py"), answers["plugin"]
        )
        self.assertEqual(txdicomtls.__version__, answers["version"])
        self.assertIn("certificate", answers["server"])
        self.assertIn("trust", answers["client"])
        twistd = run(self.python, "-c", TWISTD, "--help", cwd=self.neutral)
        self.assertRegex(twistd, r"(?m)^\s+dicomtls\s+A DICOM node that receives over TLS$")
        command = self.environment / "bin" / "txdicomtls"
        self.assertIn(txdicomtls.__version__, run(command, "--version", cwd=self.neutral))

    def test_a_wheel_works_and_adds_only_our_files(self) -> None:
        before = set(self.site_packages.iterdir())
        self.install(self.build("wheel"))
        added = {path.name for path in set(self.site_packages.iterdir()) - before}
        version = txdicomtls.__version__
        self.assertEqual({"txdicomtls", "twisted", f"txdicomtls-{version}.dist-info"}, added)
        below_twisted = [
            str(path.relative_to(self.site_packages))
            for path in (self.site_packages / "twisted").rglob("*.*")
            if path.is_file() and path.suffix != ".pyc"
        ]
        self.assertEqual(["twisted/plugins/txdicomtls_plugin.py"], below_twisted)
        self.assertTrue((self.site_packages / "txdicomtls" / "py.typed").is_file())
        self.check(self.site_packages)

    def test_an_sdist_works(self) -> None:
        self.install(self.build("sdist"))
        self.check(self.site_packages)

    def test_an_editable_install_works(self) -> None:
        self.install("-e", ROOT)
        self.check(ROOT)
