#!/usr/bin/env python3
"""Start Apache Superset on the published file, with its dashboard: `make superset`, or

    .superset/bin/python bi/superset/start.py [--port 8088] [--published published/immunization_coverage.duckdb]

Runs in the environment of bi/superset/requirements.txt. On the first start it makes, in .superset/home (owner only), a
secret key, Superset's own database, and an administrator `admin` whose password is SUPERSET_PASSWORD, or is generated
and printed once. On every start it imports bi/superset/assets again (the database, read-only; datasets, charts,
dashboard) in place of the earlier ones; charts and dashboards that you add in Superset stay.
"""

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent


def run(what: str, *command: str | Path, home: Path, **more: str) -> None:
    environment = os.environ | more | {
        "SUPERSET_HOME": str(home), "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"), "FLASK_APP": "superset",
    }
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        print(done.stdout)
        sys.exit(f"{what} failed.")


def superset(*arguments: str, home: Path, **more: str) -> None:
    run(f"superset {arguments[0]}", BIN / "superset", *arguments, home=home, **more)


def prepare(home: Path, published: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    key = home / "secret_key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(42), encoding="ascii")
    is_new = not (home / "superset.db").exists()
    superset("db", "upgrade", home=home)
    if is_new:
        chosen = os.environ.get("SUPERSET_PASSWORD")
        password = chosen or secrets.token_urlsafe(12)
        superset(
            "fab", "create-admin", "--username", "admin", "--firstname", "Admin", "--lastname", "Admin",
            "--email", "admin@localhost", home=home,
            # Everybody on the computer can read a command line. Flask takes options from its environment too.
            FLASK_FAB_CREATE_ADMIN_PASSWORD=password,
        )
        if not chosen:
            print(f"Administrator: admin, password: {password} (shown once).")
    superset("init", home=home)
    run("Importing the dashboard", sys.executable, HERE / "assets.py", str(published), home=home)


def main() -> None:
    parser = argparse.ArgumentParser(description="Start Apache Superset on the published file.")
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument("--published", type=Path, default=ROOT / "published" / "immunization_coverage.duckdb")
    parser.add_argument("--home", type=Path, default=ROOT / ".superset" / "home")
    arguments = parser.parse_args()
    published = arguments.published.resolve()
    if not published.exists():
        sys.exit(f"There is no published file {published}. Publish it first: make build publish.")
    os.umask(0o077)
    home = arguments.home.resolve()
    prepare(home, published)
    print(f"http://localhost:{arguments.port}/superset/dashboard/immunization-coverage/ (Ctrl-C ends it)", flush=True)
    os.environ |= {"SUPERSET_HOME": str(home), "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py")}
    os.execv(
        BIN / "gunicorn",
        [
            "gunicorn", "--bind", f"127.0.0.1:{arguments.port}", "--workers", "1", "--threads", "4", "--timeout", "120",
            "superset.app:create_app()",
        ],
    )


if __name__ == "__main__":
    main()
