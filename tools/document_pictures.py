"""Make the pictures of docs/export-api.md: the first pages of hard documents, side by side, to be looked at.

    python tools/document_pictures.py [NAME=FILE.pdf …]      other PDFs, for example of a run of your own

Needs pdftoppm (poppler-utils) and, for the Word document, soffice (libreoffice-writer-nogui).
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "exporters")]

DOTS_PER_INCH = 70
COLOURS = 255
GAP = 10


def documents() -> dict[str, bytes]:
    """The PDFs that are looked at, by name."""
    from printed_records import a_failed_run, fifteen_languages, four_outputs, hostile

    from exporters.formats.docx import render as word
    from exporters.formats.pdf import render

    student = render(four_outputs(blocked_after_generation=True), audience="student", language="de")
    return {
        "pdf-fifteen-languages": render(fifteen_languages()),
        "pdf-outputs": render(four_outputs()),
        "pdf-failed": render(a_failed_run()),
        "pdf-hostile": render(hostile()),
        "pdf-student": student,
        "word-fifteen-languages": _as_pdf(word(fifteen_languages())),
    }


def picture_of(document: bytes, pages: int = 2) -> Image.Image:
    """The first pages side by side."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-r", str(DOTS_PER_INCH), "-l", str(pages), "-png", "-", f"{folder}/page"]
        subprocess.run(command, input=document, check=True, stderr=subprocess.DEVNULL)
        shown = [Image.open(io.BytesIO(path.read_bytes())) for path in sorted(Path(folder).iterdir())]
    sheet = Image.new("RGB", (sum(page.width + GAP for page in shown) - GAP, shown[0].height), "#8a8f98")
    for place, page in enumerate(shown):
        sheet.paste(page, (place * (page.width + GAP), 0))
    return sheet.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)


def _as_pdf(document: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "record.docx").write_bytes(document)
        command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "pdf"]
        subprocess.run([*command, "record.docx"], cwd=folder, check=True, capture_output=True)
        return (Path(folder) / "record.pdf").read_bytes()


def main() -> None:
    """Make all pictures, or those of the PDFs that were named."""
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    chosen = {name: Path(path).read_bytes() for name, path in given.items()} or documents()
    PICTURES.mkdir(exist_ok=True)
    for name, document in chosen.items():
        path = PICTURES / f"{name}.png"
        picture_of(document).save(path, optimize=True)
        print(path.relative_to(ROOT), f"{path.stat().st_size // 1000} KB")


if __name__ == "__main__":
    main()
