"""Records that leave under a profile, with their texts looked over."""

from one_run import one_run

from exporters import read_records
from exporters.privacy.deidentify import Privacy, Profile, deidentify
from exporters.privacy.roster import Roster
from exporters.privacy.usual_rules import usual_rules
from otel_tracking.pseudonyms import Pseudonyms

data, _ = one_run()
[record] = read_records(data)
made = deidentify(record, Privacy(Profile.PUBLIC, Pseudonyms(bytes(32)), usual_rules(Roster(["Blume"]))))
assert "Blume" in repr(record)
assert "Blume" not in repr(made.record), made.record
