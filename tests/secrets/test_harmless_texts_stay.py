"""What only looks a little like a secret stays as it was, byte for byte: the record is the truth."""

import base64
import hashlib
import io
import json
import random
import re
import uuid
from pathlib import Path

import pytest
from builders import record_of
from PIL import Image

from benchmarks.workloads import GRAPH, IMAGE_PARAMETERS, PASSED, RESPONSE
from otel_tracking import ItemType, canonical
from otel_tracking.frame import freeze, thaw
from otel_tracking.secrets.frozen import Redactor, looked_over
from otel_tracking.secrets.media import clean_media
from otel_tracking.secrets.redaction import DEFAULT_POLICY, redact_text

ROOT = Path(__file__).parents[2]

PROSE = [
    "A secret garden behind the old password-protected gate; the key lay under a cookie jar.",
    "Token of love: one red rose. Tokens, tokens everywhere, and not a drop to drink!",
    "The bearer of bad news stood before the mountain, with basic understanding of nothing.",
    "Secret: I like you. Password: flower! Cookie: the small sweet thing. Key: C major. Authorization: none.",
    "My secret is that x = 3, and the token, as ever, is 'sunshine'. The key? \"Kindness\".",
    "It's a task-oriented, risk-averse, desk-like, sk-inspired, disk-based, ask-me-anything robot.",
    "Das Geheimnis der Zwerge: ein Passwort, das niemand kennt, und Kekse (Cookies) für alle.",
    "Der Schlüssel zum Glück = Geduld; Größe: 5 × 7 cm, Preis: 3,50 €, Uhrzeit: 12:30, Seite 17–19.",
    "Le secret des jardins suspendus : un mot de passe, une clé, trois biscuits et du thé.",
    "El secreto de la montaña: nadie tiene la llave, pero todos conocen la contraseña.",
    "Gizli bahçenin anahtarı: kırmızı bir kurabiye. Parola? Kimse bilmiyor.",
    "سر الحديقة القديمة: مفتاح صغير وكلمة مرور لا يعرفها أحد",
    "秘密の花園の鍵：小さなクッキー、そしてパスワードは誰も知らない。",
    "Тайна старого сада: ключ под печеньем, а пароль никто не знает.",
    "Mail me@example.org or look at https://example.org/a/b?q=flower&seed=7#top, page 3 @ noon :// :-)",
    "ghost, ghp, gho, github, hook, hooked on a feeling, a webhook is no hook, dapi, xoxo, SG. Bear, 12:AAA",
    "Blume _v1_ und _v2_, shape_final_v1_really_final, lin_reg, ntn_x, r8_x, hf_cache, npm_run, pypi-mirror",
    "print(f'{key=}, {token=}, {secret!r}')  # keys: 3, tokens: 40, max_tokens=2048, temperature=0.7",
    "if a < b and c > d: return {'key': 'value', 'keys': ['a', 'b'], \"key\": 5}; monkey=1; donkey: 2",
    "They said: no. Turkey: a country. Honey: sweet. Journey=long. Survey: 40 %. Grey='#808080'; hey=\"you\"",
    "(masterpiece:1.2), (best quality), <lora:cooked_negatives:0.9>, BREAK, [cat|dog], --ar 16:9 --v 6 --seed 42",
    "Drachen 🐉 über dem Wald,\nim Nebel: still.\n\n\t– Haiku Nr. 7 (a:b) c/d e\\f g|h",
    "AKIAN, ASIAN cuisine, EYJAFJALLAJÖKULL, eyJ, AIzawa, ya29 times, BEGIN -----, ----- END -----",
    "-----BEGIN CERTIFICATE----- is public, and ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPublicKeysAreNoSecrets is too",
    "C:\\Users\\kind\\Bilder\\secret_garden_v1_final.png, /srv/models/hf_home/flux1-dev-fp8_e4m3fn.safetensors",
    "exec_20261123_043900_0e3a0561 media/exec_20261123_043900_0e3a0561/007_output_image.png",
    "stabilityai/stable-diffusion-3.5-large, black-forest-labs/FLUX.1-schnell, mistral-nemo:12b-instruct-2407-q4_0",
    "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='10'/>",
]
NUMBERS = [
    *(hashlib.sha256(bytes([number])).hexdigest() for number in range(200)),
    *(hashlib.sha1(bytes([number])).hexdigest() for number in range(100)),
    *(hashlib.md5(bytes([number])).hexdigest() for number in range(100)),
    *(str(uuid.UUID(int=random.Random(number).getrandbits(128))) for number in range(100)),
    *(f"{random.Random(number).getrandbits(64):016x}" for number in range(50)),
    *(str(random.Random(number).getrandbits(63)) for number in range(50)),
]


def pictures():
    for seed in range(6):
        draw = random.Random(seed)
        image = Image.frombytes("RGB", (160, 120), draw.randbytes(160 * 120 * 3))
        for kind in ("PNG", "JPEG", "WEBP"):
            file = io.BytesIO()
            image.save(file, kind)
            yield file.getvalue()


VALUES = {
    "parameters of a picture": IMAGE_PARAMETERS,
    "a graph": GRAPH,
    "what was passed": PASSED,
    "an answer": RESPONSE,
    "counts": {"max_tokens": 2048, "prompt_tokens": 5, "token_count": 7, "tokenizer": "x", "eos_token": "</s>"},
    "music": {"key": "C major", "music_key": "a minor", "time_signature": "3/4", "keys": ["c", "e"], "keyboard": "x"},
    "places": {"author": "me", "authors": ["a"], "authority": "none", "cookbook": 3, "passage": "x", "compass": "n"},
    "answers word by word": {"content": [{"token": "Hallo", "logprob": -0.1, "top_logprobs": []}]},
    "a graph's links": {"8": {"class_type": "Any", "inputs": {"api_key": ["12", 0], "seed": 7, "text": "a secret"}}},
    "pairs of words": [("secret", "garden"), ["password", "please"], {"name": "secret", "value": "x"}],
    "a run's own fields": {"session_id": "s1", "user_id": "u1", "device_id": "tablet-7"},
    "nothing": {"password": "", "api_key": None, "token": False, "secret": []},
    "base64": {"images": [base64.b64encode(picture).decode() for picture in pictures()]},
}
GRAPHS = sorted((ROOT / "devserver").rglob("*.json"))
CONFIGURATIONS = sorted((ROOT / "devserver").rglob("*.toml"))
LISTS = [path for path in CONFIGURATIONS if path.stem.startswith(("opposites", "terms_", "words."))]


def assert_stays(value):
    """Byte for byte, in what is frozen and to whoever looks closer, as a text and as a value."""
    item = ("I", 7, 1, 1, "research_lookup", "text", 1, None, None, value, *[None] * 8, {"deep": [value]})
    payload = freeze(item)
    redactor = Redactor()
    kept, places = redactor.payload(payload)
    assert (kept, places) == (payload, [])
    assert looked_over(payload) is payload or looked_over(payload) == payload
    assert canonical.dumps(redactor.clean(thaw(payload)).values) == canonical.dumps(item)


@pytest.mark.parametrize("text", PROSE)
def test_what_people_write_stays(text):
    assert redact_text(text) == text
    assert_stays(text)


def test_hashes_ids_and_seeds_stay():
    for text in NUMBERS:
        assert redact_text(text) == text
    assert_stays(NUMBERS)


@pytest.mark.parametrize("name", VALUES)
def test_parameters_graphs_and_answers_stay(name):
    assert_stays(VALUES[name])


@pytest.mark.parametrize("path", [*GRAPHS, *CONFIGURATIONS], ids=lambda path: path.name)
def test_the_graphs_and_configurations_of_this_project_stay(path):
    text = path.read_text("utf-8")
    assert redact_text(text) == text
    assert_stays(json.loads(text) if path.suffix == ".json" else text)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_all_words_of_its_lists_stay_in_any_order(path):
    words = re.findall(r"[\w'-]+", path.read_text("utf-8"))
    random.Random(7).shuffle(words)
    for start in range(0, len(words), 2_000):
        text = " ".join(words[start : start + 2_000])
        assert redact_text(text) == text
        assert_stays(text)


def test_pictures_stay():
    for picture in pictures():
        assert clean_media(picture, DEFAULT_POLICY) is picture


def test_a_run_without_secrets_says_nothing_of_removing_any():
    def pipeline(run):
        with run.stage(2) as stage:
            for text in PROSE:
                stage.item(ItemType.INTERCEPTION_FINAL, content=text, metadata={"note": text})

    record = record_of(pipeline)
    assert [item.content for item in record.items if item.content] == PROSE
    assert not any("redacted" in (span.facts or {}) for span in record.spans)
