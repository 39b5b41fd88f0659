"""The flat tables: one list of columns for each, which is their Parquet schema too.

No name of a patient, no id of the EHR's and no text of anybody stands in them: ``patient`` and ``dyad`` are
numbers drawn from our own keys. ``therapist`` is a reference, '' where unknown. Dates are those of sessions,
instants are UTC.
"""

from collections.abc import Mapping
from types import MappingProxyType

Columns = Mapping[str, str]

_WHOSE = {"dyad": "BIGINT", "patient": "BIGINT"}  # numbers: DuckDB groups by them twice as fast
_GROUPS = {"site": "VARCHAR", "team": "VARCHAR", "approach": "VARCHAR", "therapist": "VARCHAR"}
# ``session`` counts the dyad's sessions that we know of; ``place`` says which attended one it is, NULL where
# nobody knows.
_SESSION = {"session": "INTEGER", "session_date": "DATE", "place": "INTEGER"}
_FORM = {"instrument": "VARCHAR", "role": "VARCHAR", "perspective": "VARCHAR", "language": "VARCHAR"}

_TABLES: dict[str, dict[str, str]] = {
    "dyads": {
        **_WHOSE,
        **_GROUPS,
        "first_session_date": "DATE",
        "last_session_date": "DATE",
        "attended": "INTEGER",  # how many sessions, NULL where nobody knows, as in the next five
        "rated_attended": "INTEGER",
        "first_attended": "INTEGER",
        "first_rated": "INTEGER",
        "rich_attended": "INTEGER",
        "rich_missing": "INTEGER",
        "strain": "VARCHAR",  # none (never an alert) | unrepaired | other: what became of its alerts
        "ended_on": "DATE",  # an end of treatment that was told; NULL: none, or a session came after it
        "end_reason": "VARCHAR",
    },
    "sessions": {
        **_WHOSE,
        **_GROUPS,
        **_SESSION,
        "rated": "BOOLEAN",  # on a measure of the alliance, by anybody
        "in_time": "BOOLEAN",  # rated so, and not as late as a historical one
        "attended": "BOOLEAN",  # recorded as attended
        "prompts": "INTEGER",  # check-in prompts of its ratings
        "days_since_rated": "INTEGER",  # since the rated session before; NULL for the first
    },
    "responses": {
        "response": "VARCHAR",
        **_WHOSE,
        **_GROUPS,
        **_SESSION,
        **_FORM,
        "version": "INTEGER",
        "status": "VARCHAR",
        "complete": "BOOLEAN",  # every score has a value
        "historical": "BOOLEAN",
        "received_at": "TIMESTAMP",
        "prompts": "INTEGER",
        "lowest_mark": "DOUBLE",  # of marks from 0 to 10; NULL where the form has none
    },
    "scores": {
        "response": "VARCHAR",
        **_WHOSE,
        **_GROUPS,
        **_SESSION,
        **_FORM,
        "measure": "VARCHAR",  # what client and therapist forms of one scale share; NULL: it has no pair
        "score": "VARCHAR",
        "code": "VARCHAR",
        "value": "DOUBLE",
        "minimum": "DOUBLE",
        "maximum": "DOUBLE",
        "at_ceiling": "BOOLEAN",
        "below_cut_off": "BOOLEAN",  # NULL where there is no cut-off
        "nth": "INTEGER",  # place among the dyad's responses, in therapy order
    },
    "alerts": {
        "alert": "VARCHAR",
        **_WHOSE,
        **_GROUPS,
        **_SESSION,  # at which people were told
        "instrument": "VARCHAR",
        "evidence_level": "VARCHAR",  # A | B | D, the best that it rests on
        "severity": "VARCHAR",
        "rule": "VARCHAR",
        "status": "VARCHAR",
        "score_course": "VARCHAR",
        "historical": "BOOLEAN",
        "raised_at": "TIMESTAMP",
        "told_at": "TIMESTAMP",  # later where only a later, live rating made a historical one news
        "first_act_at": "TIMESTAMP",  # of a person; NULL: nobody acted
        "ended_at": "TIMESTAMP",
        "repair_steps": "INTEGER",
        "notices": "INTEGER",  # how often scores made it open, rise or come again
        "sessions_to_repair": "INTEGER",  # NULL unless a person recorded a repair
    },
    "alert_states": {
        "alert": "VARCHAR",
        "version": "INTEGER",
        "from_at": "TIMESTAMP",
        "until_at": "TIMESTAMP",
        "status": "VARCHAR",
        "score_course": "VARCHAR",
        "severity": "VARCHAR",
        "news": "VARCHAR",
    },
    "alert_acts": {
        "alert": "VARCHAR",
        "version": "INTEGER",
        "act": "VARCHAR",
        "step": "VARCHAR",
        "at": "TIMESTAMP",
    },
    "attendance": {
        "appointment": "VARCHAR",
        **_WHOSE,
        **_SESSION,
        "status": "VARCHAR",
    },
    "deliveries": {
        "delivery": "VARCHAR",
        "ehr": "VARCHAR",
        "kind": "VARCHAR",
        "subject": "VARCHAR",
        "version": "INTEGER",
        "state": "VARCHAR",
        "rung": "VARCHAR",
        "tries": "INTEGER",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
}
TABLES: Mapping[str, Columns] = MappingProxyType(_TABLES)
# Beside them where only what changed was written: every patient, and whether the tables hold their rows.
CHANGES: Mapping[str, Columns] = MappingProxyType({"patients": {"patient": "BIGINT", "changed": "BOOLEAN"}})
