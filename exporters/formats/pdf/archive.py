"""Make a document one for archives and screen readers: PDF/A-3a and PDF/UA-1, from pages that say what is what."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from exporters.formats.pdf.structure import Mark, Node

if TYPE_CHECKING:
    import pikepdf

_METADATA = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{Title}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{Subject}</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>{Author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Keywords>{Keywords}</pdf:Keywords>
<pdf:Producer>{Producer}</pdf:Producer>
<xmp:CreatorTool>{Creator}</xmp:CreatorTool>
<xmp:CreateDate>{date}</xmp:CreateDate>
<xmp:ModifyDate>{date}</xmp:ModifyDate>
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>The part of ISO 14289 that the document keeps</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
"""What the file says of itself (ISO 19005-3, 6.6); what it says of PDF/UA has to be explained to readers."""


def archived(document: bytes, root: Node) -> bytes:
    """The same pages with `root` as their structure, their colours defined, and the promises that this keeps."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        _define_colours(pdf)
        _Structure(pdf).write(root)
        pdf.Root.Metadata = pdf.make_stream(
            _metadata(pdf).encode(), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
        )
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.Root.AF = pikepdf.Array([file.obj for file in pdf.attachments.values()])
        pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def _metadata(pdf: pikepdf.Pdf) -> str:
    said = {str(name).removeprefix("/"): escape(str(value)) for name, value in pdf.docinfo.items()}
    digits = said["CreationDate"].removeprefix("D:")
    year, *parts = digits[:4], *(digits[start : start + 2] for start in range(4, 14, 2))
    date = "{}-{}-{}T{}:{}:{}+00:00".format(year, *parts)
    return _METADATA.format(**said, date=date, language=pdf.Root.Lang)


def _define_colours(pdf: pikepdf.Pdf) -> None:
    from pikepdf import Array, Dictionary, Name

    profile = pdf.make_stream(_srgb(), N=3)
    intent = Dictionary(
        Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier="sRGB", DestOutputProfile=profile
    )
    pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])


@cache
def _srgb() -> bytes:
    """What red, green and blue are, without the moment at which that was written down."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = b"\x07\xd0\0\1\0\1" + bytes(6)
    return bytes(profile)


class _Structure:
    """Writes the tree of a document, and for each page which element each of its marks belongs to (14.7)."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._on_page: list[dict[int, pikepdf.Object]] = [{} for _ in pdf.pages]
        self._links: list[pikepdf.Object] = []

    def write(self, root: Node) -> None:
        from pikepdf import Array, Dictionary, Name

        tree = self._pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        tree.K = self._element(root, tree)
        numbers: list[int | pikepdf.Object] = []
        for number, page in enumerate(self._pdf.pages):
            page.obj.StructParents, page.obj.Tabs = number, Name.S
            elements = self._on_page[number]
            numbers += [number, self._pdf.make_indirect(Array([elements[place] for place in range(len(elements))]))]
        for number, link in enumerate(self._links, start=len(self._pdf.pages)):
            numbers += [number, link]
        tree.ParentTree = self._pdf.make_indirect(Dictionary(Nums=Array(numbers)))
        tree.ParentTreeNextKey = len(numbers) // 2
        self._pdf.Root.StructTreeRoot = tree
        self._pdf.Root.MarkInfo = Dictionary(Marked=True)

    def _element(self, node: Node, parent: pikepdf.Object) -> pikepdf.Object:
        from pikepdf import Array, Dictionary, Name

        element = self._pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name(f"/{node.role}"), P=parent))
        if node.alternative:
            element.Alt = node.alternative
        if node.scope:
            element.A = Dictionary(O=Name.Table, Scope=Name(f"/{node.scope}"))
        kids = [self._reference(mark, element) for mark in node.marks]
        kids += [self._element(kid, element) for kid in node.kids if kid.role != "P" or kid.marks or kid.kids]
        element.K = Array(kids)
        return element

    def _reference(self, mark: Mark, element: pikepdf.Object) -> pikepdf.Object:
        from pikepdf import Dictionary, Name

        page = self._pdf.pages[mark.page - 1].obj
        if not mark.is_link:
            self._on_page[mark.page - 1][mark.number] = element
            return Dictionary(Type=Name.MCR, Pg=page, MCID=mark.number)
        link = page.Annots[mark.number]
        link.StructParent = len(self._pdf.pages) + len(self._links)
        self._links.append(element)
        return Dictionary(Type=Name.OBJR, Pg=page, Obj=link)
