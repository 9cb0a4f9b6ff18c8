"""For developers: make a migration from the models, or check that there is nothing to make, on a database of its own.

python migrations/develop.py check
python migrations/develop.py new 0042 "what it brings"
"""

import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import asyncpg
from alembic import command
from alembic.util import CommandError

from distro_api.core import migrate, provision
from distro_api.core.embedded import DISPOSABLE, LocalPostgres


async def _create_roles(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await provision.create_roles(connection, b"of no importance: nobody signs in here")
    finally:
        await connection.close()


def main(arguments: list[str]) -> int:
    """0 when all is well; 1 when models and migrations differ."""
    logging.basicConfig(level=logging.WARNING)
    home = Path(tempfile.mkdtemp(prefix="distro-migrations-"))
    server = LocalPostgres(home, DISPOSABLE, dies_with_starter=True)
    server.start()
    try:
        asyncio.run(_create_roles(server.url()))
        config = migrate.config(server.url())
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        command.upgrade(config, "head")
        match arguments:
            case ["check"]:
                command.check(config)
            case ["new", revision, sentence]:
                command.revision(config, sentence, autogenerate=True, rev_id=revision)
            case _:
                sys.stderr.write(__doc__ or "")
                return 2
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
