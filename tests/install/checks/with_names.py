"""Names that are on no list, found by a pipeline of spaCy that is there."""

import tempfile

import spacy
from one_run import one_run

from exporters.privacy.recogniser import NameRecogniser
from exporters.privacy.usual_rules import usual_rules

one_run()
nlp = spacy.blank("de")
nlp.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Annegret"}])
pipeline = tempfile.mkdtemp()
nlp.to_disk(pipeline)
assert usual_rules(more=[NameRecogniser(pipeline)]).clean("Annegret malt").text == "[name] malt"
