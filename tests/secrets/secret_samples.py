"""Secrets of more than fifty shapes, made up anew for each place: none of them opens anything.

They are put together here, so that nothing that looks for real ones in this repository finds one.
"""

from __future__ import annotations

import base64
import json
import random
import string
from typing import NamedTuple

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LOWER = string.ascii_lowercase + string.digits


class Sample(NamedTuple):
    """A secret as it stands in a text, and the part of it that must be nowhere."""

    text: str
    core: str


class Draw:
    """Letters of a secret; the same for the same seed."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def some(self, count, letters=ALNUM):
        """So many letters, with a digit early among them where there are digits."""
        drawn = "".join(self._random.choice(letters) for _ in range(count))
        return drawn[:3] + "7" + drawn[4:] if "7" in letters and count > 4 else drawn


def token(prefix, count, letters=ALNUM, suffix=""):
    """A shape: `prefix`, letters, `suffix`."""

    def make(draw):
        core = draw.some(count, letters)
        return Sample(prefix + core + suffix, core)

    return make


def within(pattern, count=24, letters=ALNUM):
    """A shape: letters in the middle of a text, where `{}` stands."""

    def make(draw):
        core = draw.some(count, letters)
        return Sample(pattern.format(core), core)

    return make


def pem(kind):
    def make(draw):
        lines = [draw.some(64, ALNUM + "+/") for _ in range(6)]
        text = "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"])
        return Sample(text, lines[3][:40])

    return make


def jwt(draw):
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": draw.some(12), "iat": 1516239022}]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    core = draw.some(43, ALNUM + "-_")
    return Sample(".".join([*coded, core]), core)


def basic(draw):
    coded = base64.b64encode(f"teacher:{draw.some(18)}".encode()).decode()
    return Sample(f"Basic {coded}", coded.rstrip("="))


def service_account(draw):
    inner = pem("PRIVATE KEY")(draw)
    text = json.dumps({"type": "service_account", "private_key_id": draw.some(40, HEX), "private_key": inner.text})
    return Sample(text, inner.core)


SHAPES = {
    "PEM, RSA": pem("RSA PRIVATE KEY"),
    "PEM, EC": pem("EC PRIVATE KEY"),
    "PEM, OpenSSH": pem("OPENSSH PRIVATE KEY"),
    "PEM, PGP": pem("PGP PRIVATE KEY BLOCK"),
    "PEM, PKCS 8": pem("ENCRYPTED PRIVATE KEY"),
    "GCP service account": service_account,
    "age": token("AGE-SECRET-" + "KEY-1", 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "GitLab": token("glp" + "at-", 20),
    "GitHub, personal": token("gh" + "p_", 36),
    "GitHub, OAuth": token("gh" + "o_", 36),
    "GitHub, fine-grained": token("github" + "_pat_", 82, ALNUM + "_"),
    "OpenAI, project": token("sk-" + "proj-", 74, ALNUM + "-_"),
    "OpenAI, old": token("sk" + "-", 48),
    "Anthropic": token("sk-" + "ant-api03-", 93, ALNUM + "-_", "AA"),
    "OpenRouter": token("sk-" + "or-v1-", 64, HEX),
    "DeepSeek": token("sk" + "-", 32, HEX),
    "Stripe, secret": token("sk" + "_live_", 24),
    "Stripe, restricted": token("rk" + "_live_", 24),
    "npm": token("np" + "m_", 36),
    "OpenAI, session": token("se" + "ss-", 40),
    "Hugging Face": token("h" + "f_", 34),
    "Replicate": token("r" + "8_", 37),
    "Slack, bot": within("xox" + "b-123456789012-1234567890123-{}"),
    "Slack, user": within("xox" + "p-123456789012-123456789012-123456789012-{}", 32, HEX),
    "AWS key id": token("AK" + "IA", 16, BASE32),
    "AWS key id, temporary": token("AS" + "IA", 16, BASE32),
    "AWS secret key": within("aws_secret_access_key={}", 40, ALNUM + "/+"),
    "Google": token("AI" + "za", 35, ALNUM + "-_"),
    "Google, OAuth": token("ya" + "29.", 68, ALNUM + "-_"),
    "JSON web token": jwt,
    "Basic": basic,
    "Bearer": within("Bearer {}", 32),
    "Azure SAS": within("https://a.blob.core.windows.net/c/b.png?sv=2022-11-02&sp=r&sig={}%3D", 40),
    "presigned S3": within("https://b.s3.amazonaws.com/k.png?X-Amz-Date=20261123T0&X-Amz-Signature={}", 64, HEX),
    "presigned GCS": within("https://storage.googleapis.com/b/k?X-Goog-Signature={}&x=1", 64, HEX),
    "Slack webhook": within("https://hooks." + "slack.com/services/T01ABCDEF/B01ABCDEF/{}"),
    "Discord webhook": within("https://discord.com/api/" + "webhooks/123456789012345678/{}", 68),
    "Teams webhook": within(
        "https://school.webhook" + ".office.com/webhookb2/01234567-89ab-cdef-0123-456789abcdef@"
        "01234567-89ab-cdef-0123-456789abcdef/IncomingWebhook/{}/01234567-89ab-cdef-0123-456789abcdef",
        32,
        HEX,
    ),
    "Telegram": within("https://api.telegram.org/bot123456789:" + "AA{}/sendMessage", 33),
    "SendGrid": within("S" + "G.abcdefghijklmnopqrst22.{}", 43),
    "Twilio": within("TWILIO_AUTH_TOKEN={}", 32, HEX),
    "Shopify": token("shp" + "at_", 32, HEX),
    "DigitalOcean": token("dop" + "_v1_", 64, HEX),
    "Databricks": token("da" + "pi", 32, HEX),
    "PyPI": token("py" + "pi-AgEIcHlwaS5vcmc", 80, ALNUM + "-_"),
    "Docker": token("dckr" + "_pat_", 27, ALNUM),
    "Notion": token("nt" + "n_", 46, string.digits),
    "Linear": token("lin" + "_api_", 40),
    "Mailgun": token("ke" + "y-", 32, HEX),
    "Cloudflare": within("CLOUDFLARE_API_TOKEN={}", 40),
    "Azure account key": within("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;", 86, ALNUM + "+/"),
    "database address": within("postgresql://teacher:{}@db.school.example:5432/runs", 20),
    "password": within("password={}", 16),
    "password in JSON": within('{{"user": "teacher", "password": "{}"}}', 16),
    "password in quotes": within("connect(host='db', password='{}')", 16),
    "cookie": within("Cookie: theme=dark; sessionid={}", 32),
    "header": within("X-Api-Key: {}", 32),
    ".netrc": within("machine api.example.org login teacher password {}", 16),
    "option": within("tool --client-secret {} https://api.example.org/", 24),
    "Vault": token("hv" + "s.", 95, ALNUM + "-_"),
    "Doppler": token("dp" + ".pt.", 43),
    "Fly": token("fm" + "2_", 120),
    "Supabase": token("sb" + "p_", 40, HEX),
    "Vercel": within("VERCEL_TOKEN={}", 24),
    "Civitai": within("https://civitai.com/api/download/models/128713?token={}", 32, HEX),
}
"""By name: a function from a `Draw` to a `Sample`."""


def samples_for(place):
    """A secret of each shape, that stands in no other place."""
    return {name: make(Draw(f"{place}/{name}")) for name, make in SHAPES.items()}
