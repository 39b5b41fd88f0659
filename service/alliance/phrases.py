"""The sentences that alerts, cards and trends are made of, by language.

Source: ``service/alliance/sentences/<language>.toml``. Every language has every key.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from service.alliance.session_names import SessionName

DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's sentences, by topic (``alert``) and key (``signal``)."""

    language: str
    texts: Mapping[str, Mapping[str, str]]

    def say(self, topic: str, key: str, /, **values: object) -> str:
        """Return a sentence with its places filled in; raises KeyError for an unknown one."""
        return self.texts[topic][key].format(**values)

    def session(self, name: SessionName) -> str:
        """Return how a session is called within a sentence: by its number, else by its date."""
        if name.session_number is None:
            return self.say("names", "session_of", day=name.session_date.isoformat())
        return self.say("names", "session", number=name.session_number)

    def short_session(self, name: SessionName) -> str:
        """Return how a session is called where it stands alone: ``session 7``, else its date."""
        return name.session_date.isoformat() if name.session_number is None else self.session(name)

    def counted(self, topic: str, key: str, count: int, /, **values: object) -> str:
        """Return a sentence with a count; of one it has a key of its own, which ends in ``_one``."""
        return self.say(topic, f"{key}_one" if count == 1 else key, count=count, **values)

    def ratings(self, count: int) -> str:
        """Return a count of ratings: ``1 rating``."""
        return self.say("names", "rating_one" if count == 1 else "ratings", count=count)

    def forms(self, count: int) -> str:
        """Return a count of forms: ``2 forms``."""
        return self.say("names", "form_one" if count == 1 else "forms", count=count)


@cache
def phrases_by_language() -> Mapping[str, Phrases]:
    """Return language -> sentences; the files are read once, at the first call."""
    folder = files("service.alliance") / "sentences"
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    read = {one.name.removesuffix(".toml"): tomllib.loads(one.read_text("utf-8")) for one in found}
    return MappingProxyType({language: Phrases(language, texts) for language, texts in read.items()})


def phrases_in(language: str | None) -> Phrases:
    """Return the sentences in this language, its country left aside; English where there are none."""
    known = phrases_by_language()
    return known.get((language or "").partition("-")[0].lower(), known[DEFAULT_LANGUAGE])
