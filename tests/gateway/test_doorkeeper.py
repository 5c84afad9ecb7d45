"""Who may stay connected, and how long; time is a number."""

from dataclasses import dataclass, field

from polytape.gateway.doorkeeper import ConnectionLimits, Doorkeeper

LIMITS = ConnectionLimits(connections=4, share=3)


@dataclass(eq=False)
class Client:
    """A connection that notes why it was ended."""

    host: str = "127.0.0.1"
    unread_bytes: int = 0
    ended: list[str] = field(default_factory=list)

    @property
    def client(self) -> tuple[str, int]:
        return self.host, 1

    @client.setter
    def client(self, value: object) -> None:
        raise AssertionError(value)

    def expire(self, reason: str) -> None:
        self.ended.append(reason)

    def unread(self) -> int:
        return self.unread_bytes


def test_a_head_has_ten_seconds_from_its_first_byte_and_an_idle_connection_all_the_time() -> None:
    door, slow, idle, quick = Doorkeeper(), Client(), Client(), Client()
    door.await_head(slow, 0)
    door.await_head(idle, None)
    door.await_head(quick, 0)
    door.head_came(quick)
    door.sweep(9.9)
    assert slow.ended == []
    door.sweep(10)
    assert (slow.ended, idle.ended, quick.ended) == (["no whole head within 10 s"], [], [])
    door.hurry_head(idle, 100)
    door.hurry_head(idle, 109)
    door.sweep(110)
    assert idle.ended == ["no whole head within 10 s"]


def test_a_body_has_thirty_seconds_however_often_a_byte_of_it_comes() -> None:
    door, slow = Doorkeeper(), Client()
    for now in range(30):
        door.await_body(slow, now)
        door.sweep(now)
    assert slow.ended == []
    door.sweep(30)
    assert slow.ended == ["no whole body within 30 s"]


def test_who_reads_slower_than_a_crawl_is_ended_and_who_reads_is_not() -> None:
    door, stuck, slow, gone = Doorkeeper(), Client(), Client(), Client()
    for one in (stuck, slow, gone):
        one.unread_bytes = 10_000_000
        door.stalls(one, 0)
    door.flows(gone)
    for now in (30, 60):
        stuck.unread_bytes -= 1
        slow.unread_bytes -= 1_000_000
        door.sweep(now)
    assert (len(stuck.ended), slow.ended, gone.ended) == (1, [], [])
    door.sweep(90)
    assert slow.ended == [""]


def test_a_newcomer_takes_the_place_of_who_waited_longest_without_a_request() -> None:
    """2,000 connections that say nothing keep nobody out."""
    door = Doorkeeper(LIMITS)
    clients = [Client(f"10.0.0.{n}") for n in range(5)]
    for one in clients[:4]:
        assert door.admits(one)
        door.await_head(one, 0)
    door.head_came(clients[0])
    assert door.admits(clients[4])
    assert [one.ended for one in clients] == [[], [""], [], [], []]


def test_where_everybody_is_busy_a_newcomer_has_no_place_until_somebody_leaves() -> None:
    door, clients = Doorkeeper(LIMITS), [Client(f"10.0.0.{n}") for n in range(6)]
    assert [door.admits(one) for one in clients] == [True] * 4 + [False] * 2
    assert not door.is_full()
    for one in clients[:3]:
        door.leave(one.host)
    assert (door.count, door.admits(Client("10.0.0.7"))) == (3, True)


def test_one_address_has_its_share_and_others_keep_theirs() -> None:
    door, other = Doorkeeper(LIMITS), Client("10.0.0.9")
    assert [door.admits(Client()) for _ in range(3)] == [True] * 3
    door.await_head(other, 0)
    assert not door.admits(Client())
    assert other.ended == []
    door.leave("127.0.0.1")
    door.leave("127.0.0.1")
    assert door.admits(other)
