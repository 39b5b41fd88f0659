"""The settings of one clinic: its EHR, its callers, its instruments and words, its rules, whom it tells.

A base class of ``Settings``; with ALLIANCE_CONFIG each clinic's table holds these.
"""

from base64 import b64decode
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator

from fhir_mappings.codes import CONFIDENTIALITY, DEFAULT_BASE, DEFAULT_LABELS
from fhir_mappings.elements import LABELS
from service.addresses import is_loopback, is_web_address
from service.cds_settings import CdsSettings
from service.ehr_settings import EhrSettings
from service.report_settings import ReportSettings
from service.service_settings import listed

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public beginning of every such secret
MOST_SECRETS = 2
_SECRET_BYTES = range(24, 65)
# Those of service/alliance/rules.py that may raise alerts; settings stand below the rules and cannot ask them.
AlertRule = Literal[
    "own-baseline",
    "below-mean-rci",
    "below-mean-own-sd-1",
    "below-mean-own-sd-2",
    "below-mean-pooled-sd",
    "stricter-sd-1",
    "stricter-sd-2",
    "last-fall-rci",
    "sudden-loss",
    "control-chart-2",
    "control-chart-3",
    "ewma",
    "cusum",
]


class ClinicSettings(CdsSettings, EhrSettings, ReportSettings):
    """One clinic's settings; immutable. Each field ``x`` is the variable ``ALLIANCE_X``."""

    canonical_base: str = Field(
        DEFAULT_BASE,
        description="Base of our own canonical URLs. Must be set for an EHR that is not on this machine; never changed after the first delivery.",
    )
    language: Literal["en", "de"] | None = Field(
        None,
        description="Language of what clinicians read: alerts, cards, the clinician's page. Another one counts for what is judged from then on. Unset: alerts in English, cards and page as the reader asks (Accept-Language).",
    )
    historical_after_days: int = Field(
        28,
        ge=1,
        le=3650,
        description="A response received more than so many days after its session is historical: judged, but no alert is delivered.",
    )
    retention_years: int | None = Field(
        None,
        ge=1,
        le=100,
        description="A patient is erased here once nothing of theirs is newer than so many years (service/data-life.md). Unset: kept for ever.",
    )
    srs_cutoff_inclusive: bool = Field(
        default=False,
        description="true: a four-mark total of exactly its cut-off prompts too (sources differ: < 36 or <= 36).",
    )
    alert_rule: AlertRule = Field(
        "own-baseline",
        description="The rule that raises rupture alerts (`python -m service evaluate-rules` compares them). Another one counts for what is received once the service started with it.",
    )
    alert_flag: bool = Field(
        default=True,
        description="false: no Flag (a banner in the chart) is written for a rupture alert, only DetectedIssue and Task.",
    )
    webhook_url: str | None = Field(
        None,
        description="Address that is told when an alert opens, rises or closes (ids only): https, or on this machine. Unset: nobody is told.",
    )
    webhook_secret: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        repr=False,
        description="Secret that signs what the webhook is told: whsec_ and 24 to 64 random bytes in base64; two, separated by a comma, while one replaces the other.",
    )
    subscription_hosts: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="Hosts to which callers may have notices sent by a FHIR Subscription, separated by commas, each with its port where that is not the usual one: pager.north.example,127.0.0.1:9000. Unset: no Subscription is taken.",
    )
    subscriptions_at_most: int = Field(
        20, ge=1, le=500, description="Most Subscriptions of the clinic that are not off."
    )
    subscription_days: int = Field(
        90,
        ge=1,
        le=730,
        description="A Subscription ends so many days after it was last written, and with the API key that it was written with.",
    )
    security_labels: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        DEFAULT_LABELS,
        description="Security labels of everything about a patient, separated by commas: one of N, R, V (confidentiality), any of MH, BH, PSY (sensitivity).",
    )
    enabled_instruments: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="Ids of instruments that are shipped turned off and are to be taken, separated by commas, such as wai-srt-therapist,sai-client.",
    )
    instruments_dir: str | None = Field(
        None,
        description="Folder with the clinic's own instruments, a file <id>.toml each; check them with `python -m service check-instruments DIR`.",
    )
    measuring_plan: str | None = Field(
        None,
        description="TOML file with the clinic's own measuring plan: which measure is due in which sessions. Unset: the one in service/alliance/measuring_plan.toml.",
    )
    wording_dir: str | None = Field(
        None,
        description="Folder with the clinic's own licensed wording, a file <clinic>/<instrument>.<language>.toml each (the clinic is `default` without ALLIANCE_CONFIG); begin one with `python -m service wording-template INSTRUMENT LANGUAGE`.",
    )
    form_layout: Literal["one-page", "one-each"] = Field(
        "one-page",
        description="How clients see a form, unless its link says otherwise: all questions on one page, or one-each, a screen for every question.",
    )
    form_maps_dir: str | None = Field(
        None,
        description="Folder with maps of forms that the EHR owns, a file <ehr>/<instrument>.toml each (the EHR is ALLIANCE_EHR_NAME): their canonical, link ids and codes.",
    )
    ehr_poll_seconds: int | None = Field(
        None,
        ge=5,
        le=86_400,
        description="How often forms filled in the EHR itself are fetched, in seconds. Unset: never.",
    )
    ehr_subscribe: bool = Field(
        default=False,
        description="true: asks the EHR at start to tell of new forms at once (R4 Subscription, rest-hook), at ALLIANCE_PUBLIC_BASE_URL. Polling goes on beside it.",
    )
    ehr_attendance: bool = Field(
        default=False,
        description="true: with each look into the EHR its Appointments and Encounters are read for attendance, those of patients and therapists with responses here. Needs ALLIANCE_EHR_POLL_SECONDS, and the right to search both there (system/Appointment.rs).",
    )
    snomed_codes: bool = Field(
        default=False,
        description="true: the totals that have one get a SNOMED CT code beside ours. SNOMED CT needs a licence.",
    )

    @property
    def clinic_language(self) -> str:
        """The language that alerts are written in."""
        return self.language or "en"

    @field_validator("canonical_base")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if not is_web_address(value):
            raise ValueError("must be an http or https address without query, fragment or user")
        return value.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _is_safe_to_tell(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or parts.username:
            raise ValueError("must be a web address without fragment or user")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("must be https, unless it is on this machine")
        return value

    @field_validator("subscription_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(
            is_web_address(f"https://{one}") and "/" not in one and one == one.lower() for one in value
        ):
            raise ValueError("must be hosts such as pager.north.example or 127.0.0.1:9000, in small letters")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _are_secrets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > MOST_SECRETS or not all(_is_secret(one) for one in value):
            raise ValueError("must be one or two of whsec_ and 24 to 64 bytes in base64")
        return value

    @field_validator("security_labels")
    @classmethod
    def _are_labels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [LABELS[one][0] for one in value if one in LABELS]
        if len(known) != len(value) or known.count(CONFIDENTIALITY) != 1 or len(set(value)) != len(value):
            raise ValueError(f"must be of {', '.join(LABELS)}, with one of N, R and V")
        return value

    def clinic_faults(self) -> Iterator[str]:
        """Yield a sentence for each setting that is missing, or does not fit the others."""
        yield from self.ehr_faults()
        yield from self.caller_faults()
        yield from self.cds_faults()
        if bool(self.webhook_url) != bool(self.webhook_secret):
            yield "ALLIANCE_WEBHOOK_SECRET: goes with ALLIANCE_WEBHOOK_URL, and that with it"
        if (
            self.ehr_base_url
            and self.canonical_base == DEFAULT_BASE
            and not is_loopback(urlsplit(self.ehr_base_url).hostname or "")
        ):
            yield "ALLIANCE_CANONICAL_BASE: must be set to an address that the clinic owns before an EHR outside this machine is written to"
        if self.ehr_attendance and not (self.ehr_poll_seconds and self.ehr_base_url):
            yield "ALLIANCE_EHR_ATTENDANCE: needs ALLIANCE_EHR_BASE_URL and ALLIANCE_EHR_POLL_SECONDS"


def _is_secret(text: str) -> bool:
    """Tell whether a text is a secret as the Standard Webhooks write it."""
    try:
        key = b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(SECRET_PREFIX) and len(key) in _SECRET_BYTES
