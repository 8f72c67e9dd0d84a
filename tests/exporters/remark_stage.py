"""What the tests of remarks share: a code book with a variable of each type, and records that bring an annotation."""

import datetime as dt

from builders import a_record
from hypothesis import strategies as st

from exporters.privacy.profiles import Profile
from exporters.remarks.annotated import Annotation, annotated
from exporters.remarks.book import RemarkBook
from exporters.remarks.remarks import RemarkChange, RunMark, Speaker
from exporters.remarks.variables import LARGEST, Variable, VariableType
from otel_tracking.erasure import RunId

FIRST, SECOND = RunId("exec_20261123_120000_0e3a0561", "0e3a0561" + "0" * 23 + "1"), RunId("imported")
MIRA = Speaker("Mira", "2026-11-24T09:00:00+00:00")
EMIL = Speaker("Emil", "2026-11-25T09:00:00+00:00")

VARIABLES = (
    Variable(
        name="quality", type=VariableType.CHOICE, choices=("low", "high"), label="How good", leaves=Profile.PUBLIC
    ),
    Variable(name="rating", type=VariableType.INTEGER, leaves=Profile.PSEUDONYMOUS),
    Variable(name="distance", type=VariableType.NUMBER, leaves=Profile.PUBLIC),
    Variable(name="is_funny", type=VariableType.BOOLEAN),
    Variable(name="rated_on", type=VariableType.DATE),
    Variable(name="comment", type=VariableType.TEXT, leaves=Profile.PUBLIC),
)
VALUES = {
    "quality": "high",
    "rating": 7,
    "distance": 0.5,
    "is_funny": True,
    "rated_on": dt.date(2026, 11, 24),
    "comment": "=SUM(1)",
}
A_BOOK = RemarkBook(variables=VARIABLES)
EXCLUDED = RemarkChange(marks={RunMark.EXCLUDE: True})
TEST = RemarkChange(marks={RunMark.TEST: True})

letters = st.characters(exclude_categories=["Cs"], exclude_characters=list(map(chr, [*range(32), 127])))
texts = st.text(letters | st.sampled_from("\n\t\r'=+-@\"|;,"), min_size=1, max_size=80)
any_values = st.fixed_dictionaries(
    {},
    optional={
        "quality": st.sampled_from(["low", "high"]),
        "rating": st.integers(-LARGEST, LARGEST),
        "distance": st.floats(allow_nan=False, allow_infinity=False),
        "is_funny": st.booleans(),
        "rated_on": st.dates(),
        "comment": texts,
    },
)
changes = st.builds(
    RemarkChange,
    marks=st.dictionaries(st.sampled_from(RunMark), st.just(True)),
    note=st.none() | texts,
    values=any_values,
)


def a_remarked_record(annotation=None, **fields):
    """A record with everything that can be said of it, or with that annotation."""
    everything = Annotation(is_test=True, is_excluded=True, note="Anna was sad", values=VALUES, variables=VARIABLES)
    return annotated(a_record(**fields), everything if annotation is None else annotation)
