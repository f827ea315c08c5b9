"""Superset on this computer, on the published file; its own small database and key are in .superset/home."""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = (HOME / "secret_key").read_text(encoding="ascii")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"
# The published file is on this computer and read-only.
PREVENT_UNSAFE_DB_CONNECTIONS = False
# There is no proxy and no https on localhost.
TALISMAN_ENABLED = False
SESSION_COOKIE_SAMESITE = "Lax"
# Nothing is requested from or sent to other servers.
PUBLIC_ROLE_LIKE = None
SCARF_ANALYTICS = False
