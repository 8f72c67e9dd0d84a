"""How do finished spans become a record, and a record finished spans again?"""

from collectors.building.record import HEAD_FIELDS, build_record
from collectors.building.spans_of_record import is_exact, spans_of_record

__all__ = ["HEAD_FIELDS", "build_record", "is_exact", "spans_of_record"]
