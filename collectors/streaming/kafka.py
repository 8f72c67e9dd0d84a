"""A topic of Kafka, read by one member of a consumer group."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from collectors.streaming.messages import Message, Partitions
from otel_tracking.errors import RecordingError
from otel_tracking.extras import Extra

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

_log = logging.getLogger("otel_tracking")

MOST_MESSAGES = 200
FETCHED_BYTES, QUEUED_KIB = 2**20, 32 * 1024
"""What is fetched at once of a partition, packed to a ninth, and what waits unpacked. A larger message comes alone."""
_LOOK_SECONDS = 10.0

SETTINGS: Mapping[str, Any] = {
    # The table knows how far was read; what the broker is told is for people who look at it.
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    # Those who stay keep what they have while somebody comes or goes.
    "partition.assignment.strategy": "cooperative-sticky",
    "enable.partition.eof": True,
    "fetch.message.max.bytes": FETCHED_BYTES,
    "queued.max.messages.kbytes": QUEUED_KIB,
    # An object store that is slow must not cost a worker its partitions.
    "max.poll.interval.ms": 600_000,
    # It says four times a second that nobody is there; we say it once (`_trouble`).
    "log_level": 0,
}


class KafkaSource:
    """Messages of a topic. For one thread, but for what librdkafka does on its own."""

    def __init__(self, brokers: str, topic: str, group: str, options: Mapping[str, str] | None = None) -> None:
        """Raises `RecordingError` where no broker answers, or has no such topic."""
        with Extra("kafka", "Topics of Kafka need"):
            from confluent_kafka import Consumer

        self._topic = topic
        self._told: Partitions | None = None
        self._ended: set[int] = set()
        self._sought: set[int] = set()
        self._is_held = False
        # Until the first look is over: that has a sentence of its own.
        self._brokers, self._is_away = brokers, True
        settings = {**SETTINGS, **(options or {}), "bootstrap.servers": brokers, "group.id": group}
        self._consumer: Consumer = Consumer({**settings, "error_cb": self._trouble}, logger=_log)
        try:
            self._check(brokers)
        except BaseException:
            self._consumer.close()
            raise
        self._is_away = False
        self._consumer.subscribe(
            [topic], on_assign=self._is_assigned, on_revoke=self._is_revoked, on_lost=self._is_lost
        )

    def poll(self, seconds: float, told: Partitions) -> Sequence[Message]:
        """Some messages, in the order of each partition."""
        self._told = told
        return [message for one in self._consumer.consume(MOST_MESSAGES, seconds) if (message := self._message(one))]

    def seek(self, partition: int, offset: int | None) -> None:
        """Read on from there: to be given it anew is what works in every state a partition may be in."""
        place = self._place(partition, offset)
        self._consumer.incremental_unassign([place])
        self._consumer.incremental_assign([place])
        self._sought.add(partition)
        self._ended.discard(partition)
        # It stays paused through that, as it was when it was given to us.
        (self._consumer.pause if self._is_held else self._consumer.resume)([place])

    def is_at_end(self, partition: int) -> bool:
        """Whether all of it that there is has been read."""
        return partition in self._ended

    def hold(self, on_hold: bool) -> None:
        """Bring no messages for now, and stay in the group; or bring them again."""
        self._is_held = on_hold
        places = [self._place(partition) for partition in self._sought]
        (self._consumer.pause if on_hold else self._consumer.resume)(places)

    def note(self, positions: Mapping[int, int]) -> None:
        """Tell the broker how far this group is; it is no more than a word."""
        places = [self._place(partition, offset) for partition, offset in positions.items()]
        if places:
            self._consumer.commit(offsets=places, asynchronous=True)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _check(self, brokers: str) -> None:
        from confluent_kafka import KafkaException

        try:
            topics = self._consumer.list_topics(self._topic, timeout=_LOOK_SECONDS).topics
        except KafkaException as trouble:
            raise RecordingError(f"no broker answers at {brokers}: {trouble.args[0].str()}") from None
        missing = topics[self._topic].error
        if missing is not None:
            raise RecordingError(f"{brokers} has no topic {self._topic!r:.80}: {missing.str()}; make it first")

    def _message(self, one: Any) -> Message | None:
        from confluent_kafka import KafkaError

        trouble = one.error()
        if self._is_away and (trouble is None or trouble.code() == KafkaError._PARTITION_EOF):
            self._is_away = False
            _log.warning("Kafka at %s answers again", self._brokers)
        if trouble is None:
            self._ended.discard(one.partition())
            _, milliseconds = one.timestamp()
            return Message(one.partition(), one.offset(), max(0, milliseconds) / 1000, one.value() or b"")
        if trouble.code() == KafkaError._PARTITION_EOF:
            self._ended.add(one.partition())
        else:
            _log.warning("Kafka says of %s: %s", self._topic, trouble.str())
        return None

    def _trouble(self, trouble: Any) -> None:
        """What librdkafka tells of the brokers as a whole, once until they are there again."""
        if not self._is_away:
            self._is_away = True
            _log.error("Kafka at %s does not answer: %s; it is tried again until it does", self._brokers, trouble.str())

    def _place(self, partition: int, offset: int | None = None) -> TopicPartition:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        return TopicPartition(self._topic, partition, OFFSET_BEGINNING if offset is None else offset)

    def _is_assigned(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        consumer.incremental_assign(list(places))
        # Nothing comes before it is known where to begin.
        consumer.pause(list(places))
        if self._told:
            self._told.assigned([place.partition for place in places])

    def _is_revoked(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        if self._told:
            self._told.revoked([place.partition for place in places])
        self._gone(consumer, places)

    def _is_lost(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        if self._told:
            self._told.lost([place.partition for place in places])
        self._gone(consumer, places)

    def _gone(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        consumer.incremental_unassign(list(places))
        self._sought.difference_update(place.partition for place in places)
        self._ended.difference_update(place.partition for place in places)
