"""Records that are hard to print: fifteen languages, outputs that failed or were blocked, hostile text, 100 KB."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import itertools

from PIL import Image, ImageDraw
from records import NOON, a_graph, a_record, a_span, an_item

from otel_tracking import ItemType, Media, MediaType

HOSTILE = (
    'NUL \x00, ESC \x1b[31m, ]]> <script>alert("x")</script> & {{INPUT}} #let x = [*bold*] $x$ @ref, '
    "👩‍👩‍👧‍👦 زهرة في المرج \u202e reversed \u202c, lone \ud83d surrogate, \ufffe, private \ue000, "
    "unassigned \u0378\tTab\rCR\r\nend\u2028line"
)
"""What a child, a model or an attacker may write."""

JOURNEY = [
    ("de", "Eine blaue Blume auf der Wiese erzählt dem alten Mond eine lange Geschichte."),
    ("en", "A blue flower on the meadow tells the old moon a long story."),
    ("es", "Una flor azul en el prado le cuenta a la vieja luna una larga historia."),
    ("pl", "Niebieski kwiat na łące opowiada staremu księżycowi długą historię."),
    ("tr", "Çayırdaki mavi çiçek yaşlı aya uzun bir hikâye anlatıyor; İğdır’da ışık söndü."),
    ("ru", "Синий цветок на лугу рассказывает старой луне длинную историю."),
    ("el", "Ένα μπλε λουλούδι στο λιβάδι διηγείται στο γέρικο φεγγάρι μια μεγάλη ιστορία."),
    ("ar", "زهرة زرقاء في المرج (2026) تحكي للقمر العجوز حكاية طويلة، والنموذج اسمه Stable Diffusion 3.5 [seed 42]."),
    ("he", "פרח כחול באחו (2026) מספר לירח הזקן סיפור ארוך."),
    ("fa", "گل آبی در چمنزار داستانی بلند را برای ماه پیر می‌گوید «۱۲۳»."),
    ("hi", "मैदान में एक नीला फूल बूढ़े चाँद को एक लंबी कहानी सुनाता है और क्षत्रिय ड्रैगन उड़ता है।"),
    ("th", "ดอกไม้สีฟ้าบนทุ่งหญ้าเล่าเรื่องยาวให้ดวงจันทร์แก่ฟัง"),
    ("ja", "草原の青い花が、年老いた月に長い物語を語ります。「骨」と「直」。"),
    ("zh", "草地上的一朵蓝色的花，给老月亮讲了一个很长的故事。“骨”和“直”。"),
    ("ko", "초원 위의 파란 꽃이 늙은 달에게 긴 이야기를 들려줍니다. 정말!? 네 (SD3.5)."),
    ("vi", "Một bông hoa xanh trên đồng cỏ kể cho mặt trăng già một câu chuyện dài."),
    ("de", "Eine Blume 🌼 erzählt 👩‍👩‍👧‍👦 dem Mond 🌝 ❤️ etwas; im Text steht بيت أحمر (2026) und dann weiter."),
]
"""A Stille Post through fifteen languages and eleven scripts."""

_ASKED = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 2048, "keep_alive": "10m"}


def after(seconds):
    """A moment of the run."""
    return NOON + dt.timedelta(seconds=seconds)


def fifteen_languages(**given):
    """Sixteen hops; the seventh was given the very first text, which breaks the chain."""
    pairs = list(enumerate(itertools.pairwise(JOURNEY), start=1))
    hops = [_hop(number, before, made) for number, (before, made) in pairs]
    prompt = an_item(
        item_type=ItemType.USER_INPUT_TEXT, stage=1, content=JOURNEY[0][1], metadata={"input_language": "de"}
    )
    final = an_item(item_type=ItemType.INTERCEPTION_FINAL, content=JOURNEY[-1][1], metadata={"language": "de"})
    calls = itertools.chain.from_iterable(_spans_of_hop(number, before, made) for number, (before, made) in pairs)
    usual = {"config_name": "stillepost", "safety_level": "kids", "execution_mode": "eco", "used_seed": 805046654403287}
    return a_record(
        items=[prompt, *hops, final],
        spans=(*_root(61.2), _stage(2, 0.4, 60.0), *calls),
        timestamp=NOON,
        trace_id="0e3a0561" + "0" * 23 + "1",
        **{**usual, "total_execution_time": 61.2, "stages_completed": (1, 2), **given},
    )


def four_outputs(*, blocked_after_generation=False):
    """Two pictures, one piece of music and an output that was blocked before it was made."""
    pictures = [a_painting(seed=1), a_painting(width=420, seed=3)]
    made = [
        ("sd35_large", "diffusers", "stabilityai/stable-diffusion-3.5-large", pictures[0], "image"),
        ("gpt5_image", "openrouter", "openai/gpt-5-image", pictures[1], "image"),
        ("heartmula_standard", "heartmula", "heartmula-3b", b"RIFF0000WAVE", "music"),
    ]
    outputs = [_output(number, *told) for number, told in enumerate(made, start=1)]
    blocked = an_item(
        item_type=ItemType.STAGE3_BLOCKED,
        media_type=MediaType.METADATA,
        stage=3,
        loop_iteration=4,
        content="violence: not for kids",
        metadata={"codes": ["violence"]},
    )
    late = an_item(
        item_type=ItemType.OUTPUT_BLOCKED,
        media_type=MediaType.METADATA,
        stage=4,
        loop_iteration=2,
        content=None,
        metadata={"stage": "vlm_safety", "reason": "too frightening"},
    )
    record = a_record(
        items=[
            an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Ein Vampir im Wald"),
            an_item(item_type=ItemType.INTERCEPTION_FINAL, content="A vampire in the forest"),
            *outputs,
            *([late] if blocked_after_generation else []),
            blocked,
        ],
        spans=(*_root(75.2), *itertools.chain.from_iterable(map(_spans_of_output, range(1, 4)))),
        config_name="image_comparison",
        status="partial",
        timestamp=NOON,
        trace_id="c81e728d" + "0" * 23 + "2",
        total_execution_time=75.2,
        outputs_generated=3,
    )
    attachments = {hashlib.sha256(content).hexdigest(): content for *_, content, _ in made}
    return dataclasses.replace(record, attachments=attachments)


def an_ordinary_run():
    """One hop, nothing odd, the same every time."""
    return a_record(items=[an_item(content="A blue flower")], timestamp=NOON, trace_id="4" * 32)


def a_failed_run():
    """The backend failed at hop five."""
    whole = fifteen_languages()
    kept = [item for item in whole.items if item.stage_iteration is None or item.stage_iteration < 5][:-1]
    message = "Loop iteration 5 failed: Backend error: Ollama Error: 500"
    failure = an_item(item_type=ItemType.PIPELINE_ERROR, media_type=MediaType.METADATA, stage=2, content=message)
    return a_record(
        items=[*kept, failure],
        spans=tuple(span for span in whole.spans if (span.stage_iteration or 0) < 6),
        config_name="stillepost",
        status="error",
        timestamp=NOON,
        trace_id="eccbc87e" + "0" * 23 + "3",
        error={"error_type": "PipelineExecutionError", "error_message": message},
        total_execution_time=17.4,
        dropped=1,
    )


def hostile():
    """Hostile text in every field that takes one."""
    hop = an_item(
        stage_iteration=1,
        content=f"{HOSTILE} [es]",
        input_text=HOSTILE,
        metadata={"from_lang": "de", "to_lang": "../../etc", "evil]]>": HOSTILE},
        model_used=HOSTILE,
    )
    long_word = an_item(stage_iteration=2, content="a" * 3000, input_text=HOSTILE, backend_used="<b>")
    return a_record(
        items=[an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content=HOSTILE), hop, long_word],
        spans=(
            a_span(name=HOSTILE, configured={HOSTILE: HOSTILE}, passed={HOSTILE: 1}, error=HOSTILE, status="error"),
        ),
        config_name=HOSTILE,
        user_id=HOSTILE,
        metadata={"x": HOSTILE},
        timestamp=NOON,
        trace_id="a87ff679" + "0" * 23 + "4",
    )


def a_painting(width=320, height=320, seed=1):
    """A PNG of many colours with a disc in it, as a model might paint, and a prompt hidden in it."""
    from PIL.PngImagePlugin import PngInfo

    shade = Image.linear_gradient("L").resize((width, height))
    picture = Image.merge("RGB", (shade, shade.transpose(Image.Transpose.ROTATE_90).resize((width, height)), shade))
    ImageDraw.Draw(picture).ellipse((width * 0.3, height * 0.3, width * 0.7, height * 0.7), fill=(250, 220, 60 + seed))
    hidden = PngInfo()
    hidden.add_text("prompt", "a hidden prompt")
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=hidden)
    return out.getvalue()


def _hop(number, before, made):
    return an_item(
        stage_iteration=number,
        content=made[1],
        input_text=before[1] if number != 7 else JOURNEY[0][1],
        model_used="mistral-nemo:latest",
        backend_used="ollama",
        execution_time=2.0 + number % 4,
        metadata={"from_lang": before[0], "to_lang": made[0]},
    )


def _root(took):
    root = {"name": "execution", "kind": "internal", "backend_used": None}
    return (a_span(span_id="root", timestamp=NOON, execution_time=took, **root),)


def _stage(number, begins, took):
    return a_span(
        span_id=f"stage{number}",
        parent_span_id="root",
        name="stage.interception",
        kind="internal",
        stage=number,
        timestamp=after(begins),
        execution_time=took,
        backend_used=None,
    )


def _spans_of_hop(number, before, made):
    begins, took = 0.5 + 3.6 * (number - 1), 2.0 + number % 4 * 0.5
    place = {"stage": 2, "stage_iteration": number}
    hop = {"name": "iteration", "kind": "internal", "backend_used": None, "parent_span_id": "stage2", **place}
    yield a_span(
        span_id=f"hop{number}",
        timestamp=after(begins),
        execution_time=took,
        configured={"from_lang": before[0], "to_lang": made[0]},
        **hop,
    )
    call = {
        "name": "translate mistral-nemo",
        "parent_span_id": f"hop{number}",
        "model_used": "mistral-nemo:latest",
        **place,
    }
    sent = {
        "method": "POST",
        "url": "http://localhost:11434/api/generate",
        "body": {"model": "mistral-nemo:latest", "prompt": f"Translate: {before[1]}", "stream": False},
    }
    call |= {"configured": _ASKED, "passed": sent, "not_passed": tuple(_ASKED)}
    if number == 5:
        error = {"error_type": "HTTPStatusError", "error_message": "Ollama Error: 500"}
        yield a_span(span_id="failed", timestamp=after(begins), execution_time=0.7, status="error", error=error, **call)
    answer = {"status": 200, "model": "mistral-nemo:12b", "usage": {"input_tokens": 41, "output_tokens": 38}}
    yield a_span(
        span_id=f"call{number}", timestamp=after(begins + 0.8), execution_time=took - 0.9, response=answer, **call
    )


def _output(number, config, backend, model, content, kind):
    parameters = (
        {"width": 1024, "height": 1024, "steps": 25, "cfg": 5.5} if kind == "image" else {"tags": "piano,happy"}
    )
    return an_item(
        item_type=ItemType.OUTPUT_IMAGE if kind == "image" else ItemType.OUTPUT_MUSIC,
        media_type=MediaType.IMAGE if kind == "image" else MediaType.MUSIC,
        stage=4,
        loop_iteration=number,
        content=None,
        config_used=config,
        model_used=model,
        backend_used=backend,
        execution_time=9.7 + number,
        media=Media(
            hashlib.sha256(content).hexdigest(), len(content), f"{'image/png' if kind == 'image' else 'audio/wav'}"
        ),
        file_path=f"media/exec/{number:03}_output.{'png' if kind == 'image' else 'wav'}",
        metadata={"prompt": "A vampire in the forest", "seed": 123456789 + number, **parameters},
    )


def _spans_of_output(number):
    place = {"loop_iteration": number, "stage": 4}
    yield a_span(
        span_id=f"output{number}",
        parent_span_id="root",
        name="output",
        kind="internal",
        loop_iteration=number,
        timestamp=after(number * 15),
        execution_time=14.0,
        backend_used=None,
    )
    yield a_span(
        span_id=f"call{number}",
        parent_span_id=f"output{number}",
        name="generate_content",
        timestamp=after(number * 15 + 2),
        execution_time=9.7 + number,
        configured={"steps": 25, "cfg": 5.5, "seed": "random", "loras": ["cooked_negatives"]},
        passed={"steps": 25, "cfg": 5.5, "seed": 123456789 + number, "graph": a_graph() if number == 1 else {}},
        not_passed=("loras",),
        **place,
    )
