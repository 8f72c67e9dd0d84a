"""Spans in, records out: start recording, follow runs live, recover those that died."""

from collectors.delivery.lanes import Sink
from collectors.flight_recorder.dead_records import RecoveryReport, recover
from collectors.recording.live import LiveEvent, LiveFeed
from collectors.recording.start import Recording, start_recording

__all__ = ["LiveEvent", "LiveFeed", "Recording", "RecoveryReport", "Sink", "recover", "start_recording"]
