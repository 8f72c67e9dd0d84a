"""Where can something of a run lie below a data directory, and in what was exported from it?"""

from exporters.erasure.places.documents import Documents
from exporters.erasure.places.explorer_index import ExplorerIndex
from exporters.erasure.places.exported import Exported
from exporters.erasure.places.leftovers import Leftovers
from exporters.erasure.places.loose_files import LooseFiles
from exporters.erasure.places.media import MediaFolders
from exporters.erasure.places.remarks import RemarksOfRuns
from exporters.erasure.places.stored_rows import StoredRows
from exporters.erasure.places.summaries import Summaries

__all__ = [
    "Documents",
    "ExplorerIndex",
    "Exported",
    "Leftovers",
    "LooseFiles",
    "MediaFolders",
    "RemarksOfRuns",
    "StoredRows",
    "Summaries",
]
