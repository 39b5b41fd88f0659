from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.filled import Answers
from fhir_mappings.scoring import score
from service.alliance.baseline import judge_ratings
from service.alliance.episodes import Episode, follow_dyad
from service.alliance.events import Rated
from service.alliance.norms import norm_for
from service.alliance.parameters import default_parameters
from tests.demo_clinic import DemoClinic, Rating, make_clinic, seed_bundle, submission

TODAY = date(2026, 11, 27)
CLINIC = make_clinic(clients=40, seed=7, today=TODAY)


def total_of(rating: Rating) -> float | None:
    answers = Answers(rating.answers or {}, rating.total)
    scores = {one.id: one.value for one in score(builtin_instruments()[rating.instrument], answers)}
    return None if scores["total"] is None else float(scores["total"])


def rated(clinic: DemoClinic, client: str) -> list[Rated]:
    series = defaultdict(list)
    for rating in clinic.ratings:
        if rating.client == client and total_of(rating) is not None:
            series[rating.instrument].append(rating)
    judged = {}
    for instrument, ratings in series.items():
        values = [total_of(rating) for rating in ratings]
        judgements = judge_ratings(values, norm_for(instrument, "total"), default_parameters())
        for rating, value, judgement in zip(ratings, values, judgements, strict=True):
            old = rating.session_date < clinic.today - timedelta(days=28)
            judged[rating.authored] = Rated(rating.identifier, instrument, value, judgement, historical=old)
    return [judged[authored] for authored in sorted(judged)]


def episodes(clinic: DemoClinic) -> list[Episode]:
    parameters = default_parameters()
    return [
        one for client in clinic.clients for one in follow_dyad(rated(clinic, client.reference), parameters)
    ]


def live_alerts(clinic: DemoClinic) -> list[Episode]:
    return [one for one in episodes(clinic) if one.live_from and one.course != "recovered"]


def test_the_same_seed_and_day_give_the_same_clinic():
    assert make_clinic(clients=40, seed=7, today=TODAY) == CLINIC
    assert make_clinic(clients=40, seed=8, today=TODAY) != CLINIC


def test_the_clinic_has_its_size():
    assert len(CLINIC.clients) == 40
    assert 500 <= len(CLINIC.ratings) <= 800


def test_sessions_are_weekly_or_wider_and_end_in_the_week_before_today():
    for client in CLINIC.clients:
        assert 5 <= len(client.sessions) <= 25
        gaps = [(later.date - earlier.date).days for earlier, later in pairwise(client.sessions)]
        assert all(
            gap == 7 + 7 * after.missed_before for gap, after in zip(gaps, client.sessions[1:], strict=True)
        )
        assert 1 <= (TODAY - client.sessions[-1].date).days <= 7


def test_ratings_stand_in_therapy_order_under_identifiers_of_their_own():
    assert [one.authored for one in CLINIC.ratings] == sorted(one.authored for one in CLINIC.ratings)
    assert len({one.identifier for one in CLINIC.ratings}) == len(CLINIC.ratings)


def test_no_client_fills_a_form_twice_in_a_session():
    keys = Counter((one.client, one.instrument, one.session_number) for one in CLINIC.ratings)

    assert set(keys.values()) == {1}


def test_about_one_form_in_twelve_is_missing():
    sessions = sum(len(client.sessions) for client in CLINIC.clients)
    filled = sum(one.instrument == "srs-3" for one in CLINIC.ratings)

    assert 0.88 <= filled / sessions <= 0.96


def test_there_are_blanks_bare_totals_perfect_forms_and_low_starts():
    srs = [one for one in CLINIC.ratings if one.instrument == "srs-3"]
    first = {one.client: total_of(one) for one in reversed(srs)}

    assert any(one.answers is not None and len(one.answers) < 4 for one in srs)
    assert any(one.answers is None and one.total is not None for one in srs)
    assert any(total_of(one) == 40.0 for one in srs)
    assert any(total is not None and total < 30.5 for total in first.values())


def test_every_form_is_one_that_its_instrument_accepts():
    accepted = [
        check_answers(builtin_instruments()[one.instrument], one.answers or {}, one.total)
        for one in CLINIC.ratings
    ]

    assert [one.values for one in accepted] == [one.answers or {} for one in CLINIC.ratings]


def test_some_past_ruptures_were_followed_by_recovery_and_some_were_not():
    past = [one for one in episodes(CLINIC) if one.historical]

    assert {"recovered", "not-recovered"} <= {one.course for one in past}


@pytest.mark.parametrize("seed", [7, 11, 2026])
@pytest.mark.parametrize("day", [0, 1, 2, 3, 4, 5, 6])
def test_at_least_five_alerts_are_live_whatever_the_weekday(seed, day):
    clinic = make_clinic(clients=40, seed=seed, today=TODAY + timedelta(days=day))

    assert len(live_alerts(clinic)) >= 5


def test_the_seed_holds_everyone_whom_a_rating_names():
    placed = {entry["request"]["url"] for entry in seed_bundle(CLINIC)["entry"]}

    assert placed >= {one.client for one in CLINIC.ratings} | {one.therapist for one in CLINIC.ratings}


def test_a_submission_holds_answers_or_the_bare_total():
    bodies = [submission(one) for one in CLINIC.ratings]

    assert all(("answers" in body) != ("scores" in body) for body in bodies)
    assert {body["instrument"] for body in bodies} == {"srs-3", "wai-sr-client"}
