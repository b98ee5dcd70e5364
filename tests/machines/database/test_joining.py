"""How a set comes to be, loses a member, and takes one in: never twice, never by halves."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from cinema_member.first_values import Login, credentials, give_first_values
from cinema_member.joining import become_a_member, know_users, login
from cinema_member.member import Member, MemberError
from cinema_member.replica_set import (
    Initiate,
    Join,
    Refuse,
    Settled,
    View,
    Wait,
    first_config,
    next_step,
    with_newcomer,
    with_vote,
)
from cinema_member.users import plan
from tests.machines.database.members import (
    ENVIRONMENT,
    Cluster,
    Vault,
    connected,
    host,
    member,
    store,
)

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
SET = "cinema-prod"
NONE = View()
ALL = tuple(host(letter) for letter in "abc")
IN = View(SET, ALL, ALL[1])


# ── the decision ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("letter", "abc")
def test_only_the_first_member_begins_a_set_and_only_once_all_answer(letter: str) -> None:
    me = member(letter)
    for answering in itertools.chain.from_iterable(
        itertools.combinations(ALL, count) for count in range(4)
    ):
        step = next_step(me, dict.fromkeys(answering, NONE))
        begins = letter == "a" and answering == ALL
        assert isinstance(step, Initiate) == begins, (letter, answering, step)


def test_a_set_is_never_begun_beside_one_that_any_member_knows() -> None:
    """Every combination of silent, in no set, in ours: beginning needs three times 'in none'."""
    choices = (None, NONE, IN, View(SET, (ALL[1], ALL[2]), ALL[1]))
    for letter in "abc":
        for said in itertools.product(choices, repeat=3):
            views = {name: view for name, view in zip(ALL, said, strict=True) if view is not None}
            step = next_step(member(letter), views)
            if isinstance(step, Initiate):
                assert said == (NONE, NONE, NONE)


def test_a_member_that_lost_its_data_waits_for_its_set() -> None:
    step = next_step(member("a"), {ALL[0]: NONE, ALL[1]: IN, ALL[2]: IN})
    assert step == Wait("the set knows this member, and will tell it")


def test_a_member_of_a_new_zone_asks_the_primary() -> None:
    before = View(SET, ALL, ALL[1])
    views = {host("d"): NONE, **dict.fromkeys(ALL, before)}
    assert next_step(member("d", "abcd"), views) == Join(ALL[1])
    without = {name: View(SET, ALL, "") for name in ALL}
    assert next_step(member("d", "abcd"), {host("d"): NONE, **without}) == Wait(
        "the set has no primary"
    )


def test_a_member_that_is_in_the_set_has_nothing_to_do() -> None:
    assert next_step(member("b"), {ALL[1]: IN}) == Settled()


def test_the_data_of_another_set_are_refused() -> None:
    views = {ALL[0]: View("cinema-dev", (), ""), ALL[1]: NONE, ALL[2]: NONE}
    assert isinstance(next_step(member("b"), views), Refuse)


def test_hello_is_read_as_mongodb_says_it() -> None:
    # (MongoDB Manual, "hello"): before it is in a set, and in one.
    before = {
        "isWritablePrimary": False, "secondary": False, "isreplicaset": True, "ok": 1.0,
        "info": "Does not have a valid replica set config",
    }  # fmt: skip
    assert View.of_hello(before) == NONE
    inside = {"setName": SET, "hosts": [*ALL[:2]], "passives": [ALL[2]], "primary": ALL[0]}
    assert View.of_hello(inside) == View(SET, ALL, ALL[0])


def test_a_member_keeps_its_number_whatever_zones_there_are() -> None:
    def numbers(letters: str) -> dict[str, int]:
        config = first_config(member(letters[0], letters))
        return {m["host"]: m["_id"] for m in config["members"]}

    assert numbers("abc").items() <= numbers("abcdf").items()
    assert numbers("b") == {host("b"): 1}


def test_a_newcomer_has_no_vote_until_it_has_copied_all() -> None:
    config = {**first_config(member()), "version": 7, "term": 3}
    grown = with_newcomer(config, host("d"))
    assert grown is not None
    assert grown["version"] == 8
    assert grown["members"][-1] == {"_id": 3, "host": host("d"), "votes": 0, "priority": 0}
    assert with_newcomer(grown, host("d")) is None
    voting = with_vote(grown, host("d"))
    assert voting is not None
    assert voting["members"][-1] == {"_id": 3, "host": host("d"), "votes": 1, "priority": 1}
    assert voting["version"] == 9
    assert with_vote(voting, host("d")) is None
    assert with_vote(config, host("d")) is None


# ── the whole way, against doubles ──────────────────────────────────────────────────────────────


@pytest.fixture
def vault() -> Vault:
    found = Vault()
    give_first_values(store(found), NOW)
    return found


class Paused(Exception):  # noqa: N818 - it is no failure
    """A member waits, and another one's turn has come."""


def pause(why: str) -> None:
    raise Paused(why)


@pytest.mark.parametrize("order", ["".join(p) for p in itertools.permutations("abc")])
def test_three_members_make_one_set_in_whatever_order_they_start(vault: Vault, order: str) -> None:
    cluster = Cluster(up=set())
    waiting = list(order)
    while waiting:
        letter = waiting.pop(0)
        cluster.up.add(host(letter))
        try:
            become_a_member(connected(cluster, letter), store(vault, letter), wait=pause)
        except Paused:
            waiting.append(letter)
    assert cluster.begun == 1
    assert set(cluster.known) == {"cinema-admin", "cinema-api-a"}


def test_one_member_alone_is_a_set_of_its_own(vault: Vault) -> None:
    cluster = Cluster(up={host("a")})
    become_a_member(connected(cluster, "a", "a"), store(vault), wait=pytest.fail)
    assert cluster.begun == 1
    assert set(cluster.known) == {"cinema-admin", "cinema-api-a"}


def test_a_member_of_a_new_zone_joins_and_votes_at_last(vault: Vault) -> None:
    cluster = Cluster(up={*ALL, host("d")})
    for letter in "abc":
        become_a_member(connected(cluster, letter), store(vault, letter), wait=pytest.fail)
    waited: list[str] = []
    become_a_member(connected(cluster, "d", "abcd"), store(vault, "a"), wait=waited.append)
    assert cluster.config is not None
    assert cluster.config["members"][-1]["votes"] == 1
    assert waited[-1] == "this member still copies, and has no vote"


def test_another_sets_data_stop_a_member_for_good(vault: Vault) -> None:
    cluster = Cluster(up={*ALL})
    for letter in "abc":
        become_a_member(connected(cluster, letter), store(vault, letter), wait=pytest.fail)
    stray = connected(cluster, "b")
    object.__setattr__(stray.member, "replica_set", "another")
    views = {name: View("cinema-prod", ALL, ALL[0]) for name in ALL}
    stray.views = lambda: views  # type: ignore[method-assign]
    with pytest.raises(MemberError, match="is in the set cinema-prod, not another"):
        become_a_member(stray, store(vault, "b"), wait=pytest.fail)


# ── users ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cluster(vault: Vault) -> Cluster:
    made = Cluster(up={*ALL})
    for letter in "abc":
        become_a_member(connected(made, letter), store(vault, letter), wait=pytest.fail)
    return made


def test_users_are_made_once_and_found_by_whoever_comes_later(
    cluster: Cluster, vault: Vault
) -> None:
    before = dict(cluster.known)
    for letter in "abc":
        assert know_users(connected(cluster, letter), store(vault, letter))
    assert cluster.known == before


def test_the_apis_users_take_turns_and_the_one_before_works_until_the_next_turn(
    cluster: Cluster, vault: Vault
) -> None:
    first = login(store(vault), "database-credentials")
    vault.rotate(member(), "database-credentials", credentials("cinema-api-b"))
    second = login(store(vault), "database-credentials")
    assert know_users(connected(cluster, "a"), store(vault))
    reach = connected(cluster, "a")
    assert reach.admits(first)
    assert reach.admits(second)
    vault.rotate(member(), "database-credentials", credentials("cinema-api-a"))
    third = login(store(vault), "database-credentials")
    assert know_users(connected(cluster, "a"), store(vault))
    assert reach.admits(second)
    assert reach.admits(third)
    assert not reach.admits(first)


def test_the_administrators_password_changes_with_its_secret(
    cluster: Cluster, vault: Vault
) -> None:
    old = login(store(vault), "database-admin")
    vault.rotate(member(), "database-admin", credentials("cinema-admin"))
    new = login(store(vault), "database-admin")
    # Only the primary can change it; the others wait for it.
    assert not know_users(connected(cluster, "b"), store(vault, "b"))
    assert know_users(connected(cluster, "a"), store(vault, "a"))
    assert know_users(connected(cluster, "b"), store(vault, "b"))
    assert connected(cluster, "a").admits(new)
    assert not connected(cluster, "a").admits(old)


def test_only_users_of_ours_are_dropped() -> None:
    current, previous = Login("cinema-api-b", "2"), Login("cinema-api-a", "1")
    names = ["cinema-admin", "cinema-api-a", "cinema-api-old", "somebody"]
    found = plan(names, current, previous)
    assert (found.make, found.change, found.drop) == ((current,), (), ("cinema-api-old",))
    again = plan(["cinema-api-a", "cinema-api-b"], current, previous)
    assert (again.make, again.change, again.drop) == ((), (current,), ())


# ── what it is told ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(MemberError, match=name):
        Member.read(ENVIRONMENT | {name: ""})


@pytest.mark.parametrize(
    "changes",
    [
        {"CINEMA_DATABASE_SELF": "elsewhere.cinema-prod.internal:27017"},
        {"CINEMA_DATABASE_HOSTS": "10.0.0.1:27017"},
        {"CINEMA_DATABASE_HOSTS": f"{host('a')},other-1a.cinema-prod.internal:27017"},
    ],
)
def test_members_that_cannot_be_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(MemberError):
        Member.read(ENVIRONMENT | changes)
