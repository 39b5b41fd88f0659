"""The topics that others may subscribe to: what each tells of, under a canonical URL of ours.

R4 has no SubscriptionTopic: a server names the canonical URLs in its CapabilityStatement.
Source: hl7.org/fhir/uv/subscriptions-backport (1.1.0), "Topics in FHIR R4".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from fhir_mappings.codes import DEFAULT_BASE, Names

TopicId = Literal["new-score", "alert-opened", "alert-raised", "alert-closed"]
FocusType = Literal["Observation", "DetectedIssue"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: the type of resource that it is about, and the names of the filters that it takes."""

    id: TopicId
    focus: FocusType
    filters: tuple[str, ...]
    meaning: str


_OF_SCORES = ("patient", "subject", "therapist", "instrument", "code")
_OF_ALERTS = ("patient", "therapist", "severity")

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        topic.id: topic
        for topic in (
            Topic(
                "new-score",
                "Observation",
                _OF_SCORES,
                "a form was scored, or its scores were corrected or withdrawn",
            ),
            Topic("alert-opened", "DetectedIssue", _OF_ALERTS, "an alert opened"),
            Topic("alert-raised", "DetectedIssue", _OF_ALERTS, "an alert was raised, or raised again"),
            Topic("alert-closed", "DetectedIssue", _OF_ALERTS, "an alert closed, whoever closed it"),
        )
    }
)
# What a version of an alert tells anew -> the topic of it.
TOPIC_OF_NEWS: Mapping[str, TopicId] = MappingProxyType(
    {
        "opened": "alert-opened",
        "raised": "alert-raised",
        "again": "alert-raised",
        "closed": "alert-closed",
    }
)


def topic_at(canonical: str, names: Names) -> Topic | None:
    """Return the topic that a canonical URL names, maybe with a version; None for another's.

    One below ``DEFAULT_BASE`` is ours too: of several clinics no base can be told to everybody.
    """
    url = canonical.partition("|")[0]
    for base in (names.base, DEFAULT_BASE):
        found = TOPICS.get(url.removeprefix(Names(base).topic("")))
        if found is not None and url == Names(base).topic(found.id):
            return found
    return None
