"""Spans in, records out: start recording, follow runs live, recover those that died."""

from collectors.delivery.sinks import Sink
from collectors.recording.live import LiveEvent, LiveFeed
from collectors.recording.recording import Recording
from collectors.recording.recovery import RecoveryReport, recover
from collectors.recording.start import start_recording

__all__ = ["LiveEvent", "LiveFeed", "Recording", "RecoveryReport", "Sink", "recover", "start_recording"]
