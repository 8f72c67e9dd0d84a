"""Spans in, records out: start recording, follow runs live, recover those that died."""

from collectors.delivery import Sink
from collectors.live import LiveEvent, LiveFeed
from collectors.recording import Recording, start_recording
from collectors.recovery import RecoveryReport, recover

__all__ = ["LiveEvent", "LiveFeed", "Recording", "RecoveryReport", "Sink", "recover", "start_recording"]
