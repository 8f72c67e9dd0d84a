"""The names of parameters and of parts of requests that may leave, and our own words: lists of what is allowed.

A name on none of them is a stranger's: as a parameter it does not leave, as a key it goes through the text rules.
"""

from __future__ import annotations

from otel_tracking import attributes
from otel_tracking.audience import AIDS
from otel_tracking.outcome import RUNNING, Status
from otel_tracking.record import SCHEMA_VERSION, FinishReason
from otel_tracking.taxonomy import STAGE_NAMES, TAXONOMY_VERSION, ItemType, MediaType

_SETTINGS = frozenset(
    (
        *("seed", "used_seed", "noise_seed", "steps", "start_at_step", "end_at_step", "cfg", "cfg_scale", "guidance"),
        *("guidance_scale", "denoise", "strength", "strength_model", "strength_clip", "sampler", "sampler_name"),
        *("scheduler", "sampler_index", "style", "palette", "width", "height", "size", "longest_side", "batch_size"),
        *(
            "num_frames",
            "frames",
            "fps",
            "length",
            "duration_seconds",
            "max_audio_length_ms",
            "seconds",
            "tempo",
            "key",
        ),
        *("scale", "instrument", "sample_rate", "channels", "bit_depth", "bars", "notes", "chords", "quality", "n"),
        *("temperature", "top_p", "top_k", "topk", "min_p", "max_tokens", "max_completion_tokens", "num_predict"),
        *("num_ctx", "repeat_penalty", "presence_penalty", "frequency_penalty", "modalities", "voice", "speed"),
        *("cut", "words_per_line", "pieces", "hops", "retries", "images_at_most", "images_at_least", "upscale"),
    )
)
_LANGUAGES = frozenset(
    ("from_lang", "to_lang", "language", "input_language", "lang", "languages", "language_sequence", "final_language")
)
_ENGINES = frozenset(
    (
        *("model", "engine", "engine_version", "model_digest", "list_version", "backend", "provider", "lora_name"),
        *("provider_region", "dsgvo_compliant", "upstream_provider", "comfyui_version", "pytorch_version", "mode"),
        *("from_backend", "to_backend", "from_model", "to_model", "ckpt_name", "unet_name", "vae_name", "clip_name"),
        *("answered_by", "dictionary", "lemmatiser", "rule", "method", "operation", "transformation_type"),
    )
)
_OUTCOMES = frozenset(
    (
        *("safe", "safety_level", "execution_mode", "codes", "cached", "nothing_computed", "cancelled", "success"),
        *("from_stage", "to_stage", "outputs_generated", "stages_completed", "total_duration_seconds", "complete"),
        *("total_items_logged", "total_iterations", "image_number", "file_number", "char_count", "attempt", "attempts"),
        *("format", "meshes", "nodes", "materials", "animations", "error_type", "error_class", "bytes"),
        *("words_unchanged", "lemmatised_words", "turned_words", "replaced_characters", "put_back", "exit_status"),
        *("finish_reason", "config_name"),
    )
)
_TEXTS = frozenset(
    (
        *("prompt", "negative_prompt", "revised_prompt", "lyrics", "tags", "node_title", "context", "error_message"),
        "reason",
    )
)
_TREES = frozenset(("config", "parameters", "options", "interception", "outputs", "fallbacks", "file", "usage"))

PARAMETERS = _SETTINGS | _LANGUAGES | _ENGINES | _OUTCOMES | _TEXTS | _TREES | frozenset(AIDS)
"""Parameters of items and runs that leave under the profile `pseudonymous`; their texts go through the rules."""

BLOCKABLE = _TEXTS | _TREES
"""Those that may hold a text that was blocked, or a part of it."""

NUMBERS = _SETTINGS | _OUTCOMES
"""Parameters of which numbers leave under `public`; of `AIDS` language codes leave, too."""

KEYS = PARAMETERS | frozenset(
    (
        *(
            "method",
            "url",
            "query",
            "headers",
            "body",
            "body_facts",
            "media_type",
            "response",
            "status",
            "name",
            "kind",
        ),
        *("time_to_first_chunk", "transport_retries", "redacted", "events", "invalid_json", "not_read", "error"),
        *("class_type", "inputs", "_meta", "title", "text", "clip", "vae", "positive", "negative", "latent_image"),
        *("samples", "images", "image", "filename_prefix", "workflow", "graph", "prompt_id", "client_id", "extra_data"),
        *("messages", "role", "content", "type", "stream", "system", "template", "raw", "keep_alive", "message"),
        *("choices", "index", "delta", "logprobs", "created", "created_at", "object", "id", "done", "done_reason"),
        *("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "service_tier"),
        *("total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "input"),
        *("eval_duration", "thinking", "tool_calls", "function", "arguments", "data", "b64_json", "image_url"),
        *("number", "node_errors", "queue_number", "translate_first", "description", "medium", "trace_id", "span_id"),
        *(
            "attributes",
            "injected",
            "instructions",
            "node_id",
            "node_type",
            "visit",
            "score",
            "pass_score",
            "is_last",
            "after",
            "rules",
            "medium",
            "max_length",
            "argv",
            "media",
        ),
    )
)
"""Keys of what was passed, answered or configured that are no stranger's: they stay without being looked at."""

FACTS = frozenset(("provider", "engine", "injected", "context", "redaction", "node", "evaluation"))
"""Facts of spans that leave under `pseudonymous`."""

HEADERS = frozenset(("content-type", "content-length", "content-encoding", "transfer-encoding", "accept"))
"""Headers that say nothing of whoever sent them."""

FINGERPRINTS = frozenset(("sha256", "sha1", "md5", "etag", "digest", "hash", "exact_text", "exact_body", "key_order"))
"""What tells whether a text or file is the one that somebody guesses."""

OWN_WORDS = frozenset(
    (
        *(str(word) for kind in (ItemType, MediaType, Status, FinishReason) for word in kind),
        *(RUNNING, TAXONOMY_VERSION, SCHEMA_VERSION, *STAGE_NAMES.values()),
        *(attributes.EXECUTION_SPAN, attributes.ITERATION_SPAN, attributes.OUTPUT_SPAN, attributes.LATE_SPAN),
        *("internal", "client", "server", "producer", "consumer", "unset", "ok", "error"),
        *("eco", "fast", "kids", "youth", "open", "off", "research", "GET", "POST", "user", "assistant", "system"),
    )
)
"""Words that this project writes itself: no list of names takes them for one."""
