"""Superset on this computer, on the published file; its own small database and key are in .superset/home."""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = (HOME / "secret_key").read_text(encoding="ascii")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"
# The published file is a file of this computer, and read-only.
PREVENT_UNSAFE_DB_CONNECTIONS = False
# Without a proxy before it and without https on localhost.
TALISMAN_ENABLED = False
SESSION_COOKIE_SAMESITE = "Lax"
# Nothing is fetched from or told to anybody else.
PUBLIC_ROLE_LIKE = None
SCARF_ANALYTICS = False
