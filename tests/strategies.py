"""Values and runs for hypothesis to look for exceptions in."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

any_text = st.text(st.characters(), max_size=12) | st.text(st.characters(categories=["Cs", "Cc"]), max_size=3)

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**63 - 2, max_value=2**65)
    | st.floats()
    | any_text
    | st.binary(max_size=8)
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
)

hashable = st.recursive(leaves, lambda inner: st.tuples(inner) | st.frozensets(inner, max_size=3), max_leaves=4)

keys = any_text | st.sampled_from(["$tuple", "$dict", "$int", "$", ""]) | hashable

any_value = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(hashable, max_size=3)
    ),
    max_leaves=12,
)

plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4).filter(lambda key: not key.startswith("$")), inner, max_size=4)
    ),
    max_leaves=10,
)
