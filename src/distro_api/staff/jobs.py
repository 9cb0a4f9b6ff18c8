"""Long work of staff."""

from distro_api.files.service import Storage
from distro_api.jobs.service import JobKind
from distro_api.spreadsheets.schemas import ImportPayload
from distro_api.staff.service.importing import IMPORTER


def import_employees(storage: Storage) -> JobKind[ImportPayload]:
    """The import of employees from a spreadsheet."""
    return IMPORTER.job(storage)
